"""How halves of transactions are kept, ended and asked about."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TransactionConfig:
    """Transactional messages."""

    rejected: bool = False
    """Refuse halves: no transaction can begin here."""
    timeout_ms: int = 6_000
    """Age below which nobody is asked what became of a half."""
    check_interval_ms: int = 30_000
    """Pause between two rounds of asking."""
    most_checks: int = 15
    """How often a producer is asked before a half is given up."""
    mark_interval_ms: int = 3_000
    """How long ends are collected before they are written as one op message."""
    mark_max_bytes: int = 4_096
    """Size at which an op message is written at once."""
    counts_interval_ms: int = 10_000
    """How often the counts of open halves are written to disk."""
