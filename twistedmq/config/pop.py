"""How messages are lent to consumers that pop."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PopConfig:
    """Popping, acknowledging, and bringing back."""

    max_held_of_queue: int = 1024
    """Pops that may wait for one group and queue id."""
    max_held: int = 100_000
    """Pops that may wait in all."""
