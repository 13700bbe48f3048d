Open halves of transactions, and how transactions ended, were put on `/metrics`; what waits for a producer that is not there is said in the log.
