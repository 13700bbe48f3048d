`rmq tail` begins with the last ten messages of each queue; a signal ends it without noise.
