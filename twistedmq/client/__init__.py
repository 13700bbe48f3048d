"""The client: producer, consumer, and what they stand on.

Every call gives a Deferred, which coroutines of Twisted can await. Nothing here imports
the global reactor before a client is made without one.
"""
