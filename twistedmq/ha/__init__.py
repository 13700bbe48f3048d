"""High availability: what "replicated" means."""
