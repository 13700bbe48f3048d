The consume queues of the file store got a door, `IQueueIndex`, with a contract suite in `twistedmq.testing.contracts.queue_index`.
