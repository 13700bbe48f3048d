The `rmq` command sent messages, followed topics and listed them.
