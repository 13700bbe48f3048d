A producer stayed away from brokers that were slow or down (`LatencyAvoiding`), by the genuine back-off tables.
