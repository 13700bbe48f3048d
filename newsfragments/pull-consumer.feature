`PullConsumer` reads queues at any offset, by tags or by an `Sql` condition, waits for messages if told, keeps the progress of a group, and finds messages by their ids.
