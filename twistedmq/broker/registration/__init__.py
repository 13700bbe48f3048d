"""Making the broker known to the name servers."""
