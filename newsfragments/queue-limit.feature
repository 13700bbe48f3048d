`maxQueuesPerTopic` (65536) limits how many queues a topic may be given, and a list of topics or groups was changed as a whole or not at all.
