"""Finding messages, and figures about topics and groups."""
