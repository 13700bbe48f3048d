The store in SQLite deleted messages that are older than `fileReservedTime`, some of them a turn.
