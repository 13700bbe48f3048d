"""One test class a door: every implementation of the door passes it."""
