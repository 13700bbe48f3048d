`rmq tail` began with the last ten messages of each queue; a signal ended it without noise.
