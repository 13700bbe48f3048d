The file store kept messages in the genuine format: commit log, consume queues and key index of a RocketMQ broker opened in TwistedMQ and the other way round.
