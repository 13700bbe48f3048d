The broker served pulls with long polling and tag filters, consumer offsets, heartbeats, message queries and the admin requests around them.
