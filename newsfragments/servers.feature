`twist rmq`, `twist rmq-namesrv` and `twist rmq-broker` started a name server, a broker or both, refused in one line what cannot start, and stopped from the edge inwards.
