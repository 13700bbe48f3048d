The `rmq` command sends messages, follows topics and lists them.
