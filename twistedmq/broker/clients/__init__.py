"""Who is connected: producers, consumers, their groups and subscriptions."""
