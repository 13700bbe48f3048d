A producer made batches by itself (`Batching`), with a receipt for each message.
