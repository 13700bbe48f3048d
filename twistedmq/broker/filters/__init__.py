"""What groups filter by, kept over a restart for genuine brokers on the same files."""
