"""How messages are lent to consumers that pop."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PopConfig:
    """Popping, acknowledging, and bringing back."""

    retry_topic_v2: bool = False
    """Put what comes back into %RETRY%GROUP+TOPIC, not %RETRY%GROUP_TOPIC."""
    read_retry_topic_v1: bool = True
    """With the new kind, look into the old kind as well, every other time."""
    separate_retry_queues: bool = False
    """A retry topic has as many queues as its topic, and messages keep theirs."""
    retry_probability: int = 20
    """In how many of a hundred pops the retry topics are read first."""
    retry_probability_for_priority: int = 0
    """The same for pops that heed priorities."""
    last_queue_first: bool = True
    """Go from queues of higher numbers to lower ones, as priorities rise."""
    show_retry_topic: bool = False
    """Give retried messages with the topic they are in, not the one asked for."""
    init_by_young_queue: bool = True
    """A group that begins at the end begins at 0 where the queue is young."""
    max_held_of_queue: int = 1024
    """Pops that may wait for one group and queue id."""
    max_held: int = 100_000
    """Pops that may wait in all."""
    limit_in_flight: bool = False
    max_in_flight: int = 10_000
    """Popped and not acknowledged messages of a group in a queue, where limited."""
    max_tracked: int = 200_000
    """Checkpoints whose acks are kept in memory too."""
    revive_interval_ms: int = 1_000
    """How often is looked for what was not acknowledged in time."""
    notify_after_order: bool = True
    """Wake ordered pops when the messages before them become visible again."""
    drop_after_max_rewrites: bool = False
    """Forget a message that cannot be read again and again, instead of going on."""
