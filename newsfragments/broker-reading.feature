Pull, long polling, tag filters, consumer offsets, heartbeats, message queries and the admin requests around them.
