"""Bytes to values and back, knowing no socket, no clock, no file and no Deferred."""
