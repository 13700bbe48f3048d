``rmq top`` showed how busy a cluster is, again and again: brokers with their rates, sizes and health, topics and groups with the largest traffic and lag; ``--once`` and ``--json`` for programs.
