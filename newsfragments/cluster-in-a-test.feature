``twistedmq.testing.Cluster`` ran name server, brokers and clients inside a test, without ports and on a virtual clock.
