Frames, headers and JSON bodies of RocketMQ 5.4 clients and brokers, strict or loose, were understood and written as the genuine programs do.
