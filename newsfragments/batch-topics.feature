Topics with the attribute `queue.type=BatchCQ` could be made; a batch sent to one was kept as one message, as the genuine broker does.
