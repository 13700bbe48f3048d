"""Makes the first-party message stores known to ``twisted.plugin``."""

from twistedmq.store.factories import FileStoreFactory, MemoryStoreFactory

file = FileStoreFactory()
memory = MemoryStoreFactory()
