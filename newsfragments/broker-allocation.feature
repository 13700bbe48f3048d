Our consumer could have a broker share the queues out (`BrokerAllocation`).
