"""The consumer groups of a broker."""
