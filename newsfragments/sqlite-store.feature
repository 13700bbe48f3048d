A distribution `twistedmq-store-sqlite` brought a store and an index of keys in one SQLite file: `--store sqlite`, `indexStrategy=sqlite`.
