"""Delayed messages: set aside by one broker, delivered by the other."""

import time
from collections import Counter
from pathlib import Path

from load import Sender
from two_way import TwoWay

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DelayOffsetSerializeWrapper
from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.protocol.properties import parse
from twistedmq.protocol.record import Record, decode_record, size_of

DELAYS_S = [1, 6, 12]
SETTINGS = {
    "messageDelayLevel": " ".join(f"{delay}s" for delay in DELAYS_S),
    "mappedFileSizeCommitLog": "8388608",
}
COUNT = 300


def send_all(address: str, name: str) -> None:
    """Send messages that wait for each level, to topics of their own."""
    for level in range(1, len(DELAYS_S) + 1):
        more = f"DELAY\x01{level}\x02"
        sender = Sender(address, f"{name}{level}", count=COUNT, more=more)
        sender.start()
        sender.join()
        assert len(sender.acked) == COUNT, dict(sender.refused)


def logged(data: Path) -> list[Record]:
    """Give every record in the order of the log."""
    records = []
    for segment in sorted((data / "store" / "commitlog").iterdir()):
        content, at = segment.read_bytes(), 0
        while at < len(content) and content[at + 4 : at + 7] == b"\xda\xa3\x20":
            records.append(decode_record(content, at))
            at += size_of(content, at)
    return records


class Deliveries:
    """When each message of each topic was set aside, and delivered."""

    def __init__(self, data: Path) -> None:
        self.set_aside: dict[tuple[str, str], tuple[int, int]] = {}
        """Level and store time by (topic, key)."""
        self.times: Counter[tuple[str, str]] = Counter()
        self.early: list[str] = []
        for record in logged(data):
            properties = parse(record.properties)
            message = properties.get("REAL_TOPIC", ""), properties.get("KEYS", "")
            if record.topic == SCHEDULE_TOPIC:
                self.set_aside[message] = int(properties["DELAY"]), record.store_ms
            elif message in self.set_aside:
                self._delivered(message, record)

    def _delivered(self, message: tuple[str, str], record: Record) -> None:
        level, stored_ms = self.set_aside[message]
        over_ms = record.store_ms - stored_ms - DELAYS_S[level - 1] * 1000
        self.times[message] += 1
        if over_ms < 0:
            self.early.append(f"{message} by {-over_ms} ms")

    def check(self, *, twice_allowed: tuple[str, ...] = ()) -> None:
        """See that all came, none early, and once where nobody crashed."""
        assert self.early == []
        forgotten = self.set_aside.keys() - self.times.keys()
        assert not forgotten, sorted(forgotten)[:5]
        twice = {topic for (topic, _), times in self.times.items() if times > 1}
        assert twice <= set(twice_allowed)


def wait_until_all_are_due(began: float) -> None:
    time.sleep(max(0.0, began + max(DELAYS_S) + 0.5 - time.monotonic()))


def test_each_broker_goes_on_where_the_other_was_stopped(tmp_path: Path) -> None:
    both = TwoWay(tmp_path / "data", SETTINGS)
    with both.ours() as ours:
        send_all(ours.address, "Ours")
        time.sleep(1.5)  # the first of three levels is delivered meanwhile
    with both.genuine() as genuine:
        send_all(genuine.address, "Genuine")
        began = time.monotonic()
        time.sleep(1.5)
    with both.ours():
        wait_until_all_are_due(began)
    deliveries = Deliveries(both.data)
    deliveries.check()
    assert len(deliveries.times) == 2 * len(DELAYS_S) * COUNT
    kept = (both.data / "store" / "config" / "delayOffset.json").read_bytes()
    held = loose_json.decode(kept, type=DelayOffsetSerializeWrapper)
    assert held.offset_table == {1: 2 * COUNT, 2: 2 * COUNT, 3: 2 * COUNT}


def test_the_genuine_broker_goes_on_after_a_crash_of_ours(tmp_path: Path) -> None:
    both = TwoWay(tmp_path / "data", SETTINGS)
    with both.ours() as ours:
        send_all(ours.address, "Ours")
        began = time.monotonic()
        time.sleep(1.5)
        ours.kill()
    with both.genuine():
        wait_until_all_are_due(began)
    deliveries = Deliveries(both.data)
    deliveries.check(twice_allowed=("Ours1",))
    assert len(deliveries.times) == len(DELAYS_S) * COUNT
