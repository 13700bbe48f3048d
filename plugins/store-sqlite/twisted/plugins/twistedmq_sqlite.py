"""Makes ``--store sqlite`` and ``indexStrategy=sqlite`` known to ``twisted.plugin``."""

from twistedmq_sqlite import SqliteIndexFactory, SqliteStoreFactory

store = SqliteStoreFactory()
index = SqliteIndexFactory()
