``rmq queue unlock`` showed who holds queues of a group that consumes in order, and gave up the locks of clients that are gone.
