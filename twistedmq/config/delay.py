"""How the progress of delayed messages is kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DelayConfig:
    """The progress of the delay levels."""

    flush_interval_ms: int = 10_000
    """How often it is written to disk; a crash delivers twice what came since."""
    version_step: int = 200
    """After how many steps forward its data version rises."""
    are_counted: bool = True
    """Whether what is delivered counts as read from its level's queue."""
