"""Makes the first-party stores and indexes known to ``twisted.plugin``."""

from twistedmq.store.factories import (
    FileStoreFactory,
    HashIndexFactory,
    MemoryStoreFactory,
    NoIndexFactory,
)

file = FileStoreFactory()
memory = MemoryStoreFactory()
hash_index = HashIndexFactory()
no_index = NoIndexFactory()
