"""How many halves of each topic are open, and how transactions ended.

The open ones outlive a restart, in the genuine broker's file ``transactionMetrics``. A
figure for people, no more: after a crash it is off by what a few seconds brought.
Source: TransactionMetrics.
"""

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from twistedmq.metrics.samples import Distribution
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DataVersion
from twistedmq.protocol.errors import FieldError

_LATENCIES_S: Final = (5, 60, 600, 3_600, 43_200, 86_400)
_Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class OpenHalves(Struct, rename="camel"):
    """The open halves of one topic (upstream: Metric)."""

    count: _Int64 = 0
    time_stamp: _Int64 = 0
    """When it changed last, wall clock in ms."""


class CountsBody(Struct, rename="camel"):
    """The file (upstream: TransactionMetricsSerializeWrapper)."""

    data_version: DataVersion = DataVersion()
    transaction_count: dict[str, OpenHalves] = field(default_factory=dict)


class TransactionCounts:
    """Counts by real topic.

    Attributes:
        open: halves that nobody decided on yet.
        committed: messages that were committed since the start.
        rolled_back: halves that were rolled back since the start.
        given_up: halves that nobody decided on in time, since the start.
        latency_s: how long after they were sent messages were committed.
    """

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        """Begin with nothing; *wall_ms* stamps what changes."""
        self._wall_ms = wall_ms
        self.open: dict[str, OpenHalves] = {}
        self.committed: Counter[str] = Counter()
        self.rolled_back: Counter[str] = Counter()
        self.given_up: Counter[str] = Counter()
        self.latency_s: dict[str, Distribution] = {}
        self.has_changes = False
        self._version = DataVersion()

    def began(self, topic: str) -> None:
        """Count a half that was stored."""
        self._add(topic, 1)

    def was_committed(self, topic: str, born_ms: int) -> None:
        """Count a half, sent at *born_ms*, that became a message."""
        self.committed[topic] += 1
        latency = self.latency_s.get(topic)
        if latency is None:
            latency = self.latency_s[topic] = Distribution(_LATENCIES_S)
        latency.add(max(0, self._wall_ms() - born_ms) // 1000)
        self._add(topic, -1)

    def was_rolled_back(self, topic: str) -> None:
        """Count a half that nobody will ever see."""
        self.rolled_back[topic] += 1
        self._add(topic, -1)

    def was_given_up(self, topic: str) -> None:
        """Count a half that was put aside."""
        self.given_up[topic] += 1
        self._add(topic, -1)

    def forget(self, topic: str) -> None:
        """Drop the counts of a deleted topic."""
        self.has_changes |= self.open.pop(topic, None) is not None
        for table in (self.committed, self.rolled_back, self.given_up, self.latency_s):
            table.pop(topic, None)

    def encode(self) -> bytes:
        """Give what the file holds."""
        self.has_changes = False
        body = CountsBody(self._version, self.open)
        return loose_json.encode_strict(body)

    def load(self, data: bytes) -> None:
        """Take over what a file held.

        Raises: ValueError, if that is not what ``encode`` gives.
        """
        try:
            body = loose_json.decode(data, type=CountsBody)
        except FieldError as error:
            raise ValueError(str(error)) from error
        self.open.update(body.transaction_count)
        self._version = body.data_version

    def _add(self, topic: str, number: int) -> None:
        now_ms = self._wall_ms()
        halves = self.open.get(topic)
        if halves is None:
            halves = self.open[topic] = OpenHalves()
        # Not below none: what a crash lost of the count is not owed.
        halves.count = max(0, halves.count + number)
        halves.time_stamp = now_ms
        self._version = self._version.next(now_ms)
        self.has_changes = True
