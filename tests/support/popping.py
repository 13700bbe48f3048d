"""A consumer that pops over a bare socket, with nothing of the package in it."""

import base64
import json
import time
from collections import defaultdict
from typing import NamedTuple, Self

from load import SUCCESS, Stored, records
from processes import Line

POP = 200050
ACK = 200051
BATCH_ACK = 200151
NOTHING = {209, 210}
LONGEST_MS = 4_000
"""What one pop waits at most."""


class Popped(NamedTuple):
    """One message and its handle."""

    message: Stored
    topic: str
    handle: str

    @property
    def number(self) -> int:
        """Give the sender's number of the message."""
        return self.message.number


class Popper:
    """A member of a group; ``order`` makes its pops ordered ones."""

    def __init__(
        self,
        address: str,
        topic: str,
        group: str,
        *,
        broker: str = "both",
        invisible_ms: int = 10_000,
        order: bool = False,
    ) -> None:
        self._line = Line(address)
        self._topic, self._group, self._broker = topic, group, broker
        self._invisible_ms = invisible_ms
        self._order = order

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._line.__exit__(*error)

    def pop(self, count: int = 32, wait_ms: int = 0) -> list[Popped]:
        """Give up to *count* messages; none if none came in *wait_ms*."""
        fields = {
            "consumerGroup": self._group,
            "topic": self._topic,
            "queueId": "-1",
            "maxMsgNums": str(count),
            "invisibleTime": str(self._invisible_ms),
            "pollTime": str(wait_ms),
            "bornTime": str(int(time.time() * 1000)),
            "initMode": "0",
            "expType": "TAG",
            "exp": "*",
            "order": str(self._order).lower(),
        }
        code, remark, found, data = self._line.ask(POP, fields)
        if code in NOTHING:
            return []
        assert code == SUCCESS, (code, remark)
        starts = {}
        for item in found["startOffsetInfo"].split(";"):
            kind, queue_id, start = item.split(" ")
            starts[kind, int(queue_id)] = start
        return [self._popped(each, found, starts) for each in records(data)]

    def _popped(self, message: Stored, found: dict, starts: dict) -> Popped:
        handle = message.properties.get("POP_CK")
        if handle is None:
            start = starts["0", message.queue_id]
            times = [found[name] for name in ("popTime", "invisibleTime", "reviveQid")]
            parts = [start, *times, "0", self._broker, message.queue_id]
            handle = " ".join(map(str, [*parts, message.queue_offset]))
        kind = handle.split(" ")[4]
        middle = {"0": "", "1": f"%RETRY%{self._group}_", "2": f"%RETRY%{self._group}+"}
        return Popped(message, middle[kind] + self._topic, handle)

    def pop_all(self, wait_s: float, count: int | None = None) -> list[Popped]:
        """Pop until nothing has come for *wait_s*, or there are *count*."""
        found: list[Popped] = []
        last = time.monotonic()
        while time.monotonic() - last < wait_s and len(found) != count:
            left_ms = (last + wait_s - time.monotonic()) * 1000
            if got := self.pop(wait_ms=max(1, min(LONGEST_MS, int(left_ms)))):
                found += got
                last = time.monotonic()
        return found

    def ack(self, messages: list[Popped]) -> None:
        """Acknowledge one after the other."""
        for each in messages:
            fields = {
                "consumerGroup": self._group,
                "topic": each.topic,
                "queueId": str(each.message.queue_id),
                "offset": str(each.message.queue_offset),
                "extraInfo": each.handle,
            }
            code, remark, _, _ = self._line.ask(ACK, fields)
            assert code == SUCCESS, (code, remark)

    def ack_together(self, messages: list[Popped]) -> None:
        """Acknowledge all with one request."""
        by_pop = defaultdict(list)
        for each in messages:
            by_pop[each.handle.rsplit(" ", 1)[0]].append(each.message.queue_offset)
        acks = []
        for handle, offsets in by_pop.items():
            start, popped, invisible, revive, kind, _, queue_id = handle.split(" ")
            bits = sum(1 << offset - int(start) for offset in offsets)
            acks.append(
                {
                    "b": base64.b64encode(bits.to_bytes(16, "little")).decode(),
                    "c": self._group,
                    "t": self._topic,
                    "r": kind,
                    "so": int(start),
                    "q": int(queue_id),
                    "rq": int(revive),
                    "pt": int(popped),
                    "it": int(invisible),
                }
            )
        body = json.dumps({"acks": acks, "brokerName": self._broker}).encode()
        code, remark, _, _ = self._line.ask(BATCH_ACK, {}, body)
        assert code == SUCCESS, (code, remark)
