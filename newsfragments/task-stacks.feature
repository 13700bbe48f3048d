The stacks of a consumer that runs under asyncio followed each message in work through its task, the coroutines within, and the tasks it waits for.
