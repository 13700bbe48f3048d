The client takes apart what holds a batch (topics with `queue.type=BatchCQ`), and sends messages with a priority; topics can be created with attributes.
