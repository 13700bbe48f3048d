"""The file store, in the format of Apache RocketMQ."""
