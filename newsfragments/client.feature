A client for Twisted was added: `Producer` and `Consumer` with a Deferred API that coroutines can await, `async with` and `async for`, against RocketMQ's own brokers as well as TwistedMQ's.
