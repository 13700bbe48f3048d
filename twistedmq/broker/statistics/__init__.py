"""What the broker knows of its own doing, and shows."""
