"""SQL92 subscriptions: read with a grammar, made into closures, asked of records."""
