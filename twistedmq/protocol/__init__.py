"""Bytes to values and back. Nothing here knows a socket, a clock, a file or a Deferred."""
