"""When delayed messages were delivered, as the log of a broker tells it."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from load import read_queue

from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.protocol.properties import parse
from twistedmq.protocol.record import Record, RecordError, decode_record, size_of


def logged(data: Path) -> list[Record]:
    """Give every record in the order of the log."""
    records = []
    for segment in sorted((data / "store" / "commitlog").iterdir()):
        content, at = segment.read_bytes(), 0
        while at < len(content) and content[at + 4 : at + 7] == b"\xda\xa3\x20":
            try:
                records.append(decode_record(content, at))
            except RecordError:  # it is being written
                break
            at += size_of(content, at)
    return records


class Deliveries:
    """When each message of each topic was set aside, and delivered."""

    def __init__(self, data: Path, delays_s: Sequence[int]) -> None:
        """Look at the log below *data*, where the levels have *delays_s*."""
        self._delays_s = delays_s
        self.set_aside: dict[tuple[str, str], tuple[int, int]] = {}
        """Level and store time by (topic, key)."""
        self._queue_ids: dict[tuple[str, str], int] = {}
        self.times: Counter[tuple[str, str]] = Counter()
        self.early: list[str] = []
        for record in logged(data):
            properties = parse(record.properties)
            message = properties.get("REAL_TOPIC", ""), properties.get("KEYS", "")
            if record.topic == SCHEDULE_TOPIC:
                self.set_aside[message] = int(properties["DELAY"]), record.store_ms
                self._queue_ids[message] = int(properties["REAL_QID"])
            elif message in self.set_aside:
                self._delivered(message, record)

    def _delivered(self, message: tuple[str, str], record: Record) -> None:
        level, stored_ms = self.set_aside[message]
        over_ms = record.store_ms - stored_ms - self._delays_s[level - 1] * 1000
        self.times[message] += 1
        if over_ms < 0:
            self.early.append(f"{message} by {-over_ms} ms")

    @property
    def forgotten(self) -> set[tuple[str, str]]:
        """What was set aside and never came."""
        return self.set_aside.keys() - self.times.keys()

    def awaited(self) -> dict[tuple[str, int], set[str]]:
        """Give the keys of what was set aside, by topic and queue id."""
        keys: dict[tuple[str, int], set[str]] = {}
        for (topic, key), queue_id in self._queue_ids.items():
            keys.setdefault((topic, queue_id), set()).add(key)
        return keys

    def check(self, *, twice_allowed: tuple[str, ...] = ()) -> None:
        """See that all came, none early, and once where nobody crashed."""
        assert self.early == []
        assert not self.forgotten, sorted(self.forgotten)[:5]
        twice = {topic for (topic, _), times in self.times.items() if times > 1}
        assert twice <= set(twice_allowed)


def wait_for_deliveries(
    address: str,
    data: Path,
    delays_s: Sequence[int],
    limit_s: float,
    topics: Collection[str] = (),
) -> None:
    """Return when everything that was set aside has come, or nothing for *limit_s*.

    The broker at *address* is asked. With *topics* only theirs is waited for.
    """
    for (topic, queue_id), keys in Deliveries(data, delays_s).awaited().items():
        if topics and topic not in topics:
            continue
        for message in read_queue(address, topic, queue_id, hold_s=limit_s):
            keys.discard(message.properties["KEYS"])
            if not keys:
                break
