"""Sharing a topic's queues out among the members of a group, on the broker's side."""
