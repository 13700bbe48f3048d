"""Transactional messages: halves, how they end, and asking what became of them."""
