"""Settings: what can be set, how it is read, and how a running part sees it change."""
