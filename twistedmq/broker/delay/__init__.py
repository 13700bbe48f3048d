"""Messages that are delivered later: the delay levels."""
