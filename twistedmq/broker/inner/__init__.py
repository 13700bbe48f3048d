"""Messages that the broker itself stores, and where a message goes instead."""
