"""How far each group has come in each queue, and where queues begin and end."""
