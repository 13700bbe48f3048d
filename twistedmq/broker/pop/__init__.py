"""Messages lent for a while: popping, acks, and what comes back."""
