"""When a message that waits in the schedule topic is due.

The queue entry of such a message holds that time in place of the hash of its tag: the
time at which it was stored and the delay of its level. Only the store knows the first,
so whoever makes an entry asks here: an append, recovery, a replica.
Source: CommitLog.checkMessageAndReturnSize, ScheduleMessageService.
"""

from typing import Final

from twistedmq.protocol import properties
from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.protocol.send_batch import SendBatch

_UNITS_MS: Final = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_MOST_DIGITS: Final = 10
_LEVEL: Final = properties.DELAY.encode()


class DelayLevels:
    """The delays that the setting messageDelayLevel names; levels count from 1."""

    def __init__(self, setting: str) -> None:
        """*setting* is as in ``1s 5s 10s``, and holds at least one delay."""
        self.delays_ms = tuple(
            int(level[:-1]) * _UNITS_MS[level[-1]] for level in setting.split()
        )

    @property
    def highest(self) -> int:
        """The last level."""
        return len(self.delays_ms)

    def delay_ms(self, level: int) -> int:
        """Give the delay of *level*; what is above the highest counts as that."""
        return self.delays_ms[min(level, self.highest) - 1]

    def due_ms(self, encoded: bytes, store_ms: int) -> int | None:
        """Say when a message with these properties is due; None without a level."""
        text = properties.get(encoded, _LEVEL)
        if text is None or not text.isdigit():
            return None
        level = int(text[:_MOST_DIGITS])
        return store_ms + self.delay_ms(level) if level > 0 else None

    def entry_codes(self, batch: SendBatch, store_ms: int) -> list[int]:
        """Give what the queue entries of *batch*, stored at *store_ms*, hold."""
        if SCHEDULE_TOPIC not in batch.topics:
            return batch.tags_codes
        codes = list(batch.tags_codes)
        for row, topic in enumerate(batch.topics):
            if topic == SCHEDULE_TOPIC:
                due_ms = self.due_ms(batch.properties[row], store_ms)
                codes[row] = codes[row] if due_ms is None else due_ms
        return codes
