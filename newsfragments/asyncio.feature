`twistedmq.aio` has producers, consumers, readers and admins for asyncio programs: they give Futures, run functions as tasks, and stand on a reactor of their own on the running loop.
