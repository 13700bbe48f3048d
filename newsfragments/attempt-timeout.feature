A producer could give up on one attempt before its time is over (`attempt_timeout_s`), and be known to the brokers of its topics before it sends (`topics`).
