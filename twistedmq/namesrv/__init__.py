"""The name server: which brokers there are, and which queues they hold."""
