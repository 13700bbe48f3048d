`MessageIllegalError` named the field, its value and the limit, for more of what no broker takes, before anything was sent.
