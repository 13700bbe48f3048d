The file store keeps messages in the genuine format: commit log, consume queues and key index of a RocketMQ broker open in TwistedMQ and the other way round.
