"""Locks on queues for consumers in order."""
