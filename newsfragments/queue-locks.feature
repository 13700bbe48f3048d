How long a queue stays locked for a silent consumer in order became a setting, `rebalanceLockMaxLiveTime`.
