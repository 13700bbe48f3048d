"""Telling that there is something to pop, without popping it."""
