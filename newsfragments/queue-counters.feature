Delayed messages were counted by the queue of their level (`QUEUE_PUT_NUMS`, `QUEUE_GET_NUMS`), as the genuine broker does; `enableScheduleMessageStats` turned the second off.
