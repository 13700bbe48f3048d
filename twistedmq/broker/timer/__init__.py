"""Messages that are due at any time, and calling them back."""
