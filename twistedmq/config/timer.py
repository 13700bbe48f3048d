"""How messages that are due at any time wait, and are called back."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TimerConfig:
    """The timer wheel."""

    enabled: bool = True
    grain_ms: int = 1000
    """What a slot of the wheel stands for."""
    max_delay_s: int = 3 * 24 * 3600
    roll_slots: int = 2 * 24 * 3600
    """A message due later than so many slots is stored once more on its way, so that
    it does not grow older than messages are kept."""
    slot_limit: int = 2**31 - 1
    """More messages due in one slot are refused, more and more of them, and all above
    twice as many."""
    flush_interval_ms: int = 1000
    log_file_bytes: int = 100 * 1024 * 1024
    intake_stopped: bool = False
    """Whether new messages stay in the timer topic instead of going into the wheel."""
    delivery_stopped: bool = False
    """Whether messages that are due stay where they are."""
    recall_enabled: bool = False
    recall_while_closed: bool = True
    """Whether messages are called back on a broker without write permission."""
    recall_names_topic: bool = False
    """Whether the key by which a message is called back has its topic in front."""
