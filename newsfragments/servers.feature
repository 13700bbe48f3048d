`twist rmq`, `twist rmq-namesrv` and `twist rmq-broker` start a name server, a broker or both, refuse in one line what cannot start, and stop from the edge inwards.
