"""When the broker asks its clients to slow down."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FlowConfig:
    """Limits of waiting times and of rates."""

    fail_fast: bool = True
    """Refuse what has waited for longer than the limits below."""
    send_wait_ms: int = 200
    pull_wait_ms: int = 5_000
    lite_pull_wait_ms: int = 5_000
    heartbeat_wait_ms: int = 31_000
    transaction_wait_ms: int = 3_000
    ack_wait_ms: int = 3_000
    admin_wait_ms: int = 5_000
    slow_write_ms: int = 1_000
    """A write of the log that takes so long means that the disk cannot follow."""
    client_messages: int = 0
    """Messages a second that one connection may send; 0 is no limit."""
    client_bytes: int = 0
    """And bytes a second."""
    topic_messages: int = 0
    """Messages a second that may be sent to one topic, whoever sends; 0 is no limit."""
    topic_bytes: int = 0
    client_read_messages: int = 0
    """Messages a second that one connection may pull and pop; 0 is no limit."""
    client_read_bytes: int = 0
    topic_read_messages: int = 0
    """Messages a second that may be read of one topic, whoever reads; 0 is no limit."""
    topic_read_bytes: int = 0
    longest_read_delay_ms: int = 5_000
    """How long a pull or pop is kept that is over a limit, before it is refused."""
    longest_wait_ms: int = 300_000
    """How long a pull or pop may wait for messages, whatever it asks for."""


@dataclass(frozen=True)
class ColdConfig:
    """How much may be read that is not in memory."""

    enabled: bool = False
    group_bytes: int = 3_145_728
    """What one group may read from the disk in five seconds."""
    global_bytes: int = 104_857_600
    """What all of them may read."""
    adaptive: bool = False
    """Whether what a group may read follows what it needs, and what there is."""
    uses_pid: bool = True
    """Whether the last ten periods are looked at for that, or only the last one."""
