With `enableLmq` and `enableMultiDispatch`, messages went into the light queues that they name by `INNER_MULTI_DISPATCH`; offsets of their groups were kept in `lmqConsumerOffset.json`.
