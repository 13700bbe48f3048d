"""Reading from queues: pulls answered at once, and pulls held until a message comes."""
