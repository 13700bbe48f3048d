A pytest plugin gave each test a cluster in memory: fixtures ``rmq_cluster``, ``rmq_clock``, ``rmq_producer`` and ``rmq_consumer``, also under pytest-asyncio and pytest-twisted.
