"""Ordered pops: a group gets nothing more of a queue until what it has is acknowledged.

One entry a queue says what the group was given last. It blocks the queue while one of
its messages is neither acknowledged nor visible again. Pure: no file, no timer.
Source: ConsumerOrderInfoManager.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from twistedmq.broker.pop.positions import Place
from twistedmq.protocol import loose_json
from twistedmq.protocol.numbers import Int32, Int64
from twistedmq.protocol.pop_handles import order_counts

ILLEGAL: Final = -1
"""What ``acked`` gives for an offset that the group was not given."""
UNCHANGED: Final = -2
"""What it gives where the group has been given the queue anew since."""

FORGOTTEN_AFTER_MS: Final = 24 * 3600 * 1000
"""A group that has not consumed a queue for so long is forgotten."""

_BITS: Final = 64
_BITS_MASK: Final = (1 << _BITS) - 1


class OrderInfo(Struct, kw_only=True):
    """What a group was given last out of one queue."""

    attempt_id: str | None = field(default=None, name="a")
    """Says which try of a client this was: the same one may ask again."""
    acked_bits: Int64 = field(default=0, name="cm")
    invisible_ms: Int64 | None = field(default=None, name="i")
    consumed_ms: Int64 = field(default=0, name="l")
    offset_list: list[Int64] = field(default_factory=list, name="o")
    """The first offset, and how far the others are from it."""
    consumed_counts: dict[Int64, Int32] | None = field(default=None, name="oc")
    """By offset: how often it was given before."""
    visible_ms: dict[Int64, Int64] | None = field(default=None, name="ot")
    """By offset: when it becomes visible again, if not with the others."""
    popped_ms: Int64 = field(default=0, name="popTime")

    def offsets(self) -> list[int]:
        """Give the queue offsets of the messages."""
        if not self.offset_list:
            return []
        first, *distances = self.offset_list
        return [first, *(first + distance for distance in distances)]

    def hidden(self) -> list[int]:
        """Give until when each message is hidden that is not acknowledged."""
        until_ms = self.popped_ms + (self.invisible_ms or 0)
        own_ms = self.visible_ms or {}
        return [
            own_ms.get(offset, until_ms)
            for bit, offset in enumerate(self.offsets())
            if not self.acked_bits >> bit & 1
        ]

    def next_offset(self) -> int:
        """Give the first offset that is not acknowledged, or the one behind all."""
        offsets = self.offsets()
        for bit, offset in enumerate(offsets):
            if not self.acked_bits >> bit & 1:
                return offset
        return offsets[-1] + 1


class _Kept(Struct):
    """``consumerOrderInfo.json``."""

    table: dict[str, dict[Int32, OrderInfo]] = {}


class OrderTable:
    """The entries of all groups that pop in order."""

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        """Begin empty; *wall_ms* says what is hidden still."""
        self._wall_ms = wall_ms
        self._by_name: dict[str, dict[int, OrderInfo]] = {}
        self._changed: set[str] = set()

    def given(
        self,
        place: Place,
        offsets: Sequence[int],
        popped_ms: int,
        invisible_ms: int,
        attempt_id: str | None,
    ) -> str:
        """Note what a group was given; gives the queue's items of orderCountInfo."""
        topic, _, queue_id = place
        before = self._find(place)
        first = offsets[0]
        info = OrderInfo(
            attempt_id=attempt_id,
            invisible_ms=invisible_ms,
            consumed_ms=self._wall_ms(),
            offset_list=[first, *(offset - first for offset in offsets[1:])],
            popped_ms=popped_ms,
        )
        counts: dict[int, int] = {}
        if before is not None:
            counts = _counts(before, attempt_id, offsets)
            info.consumed_counts = counts
        self._put(place, info)
        all_given_before = len(counts) == len(offsets)
        least = min(counts.values()) if counts and all_given_before else 0
        return order_counts(topic, queue_id, list(counts.items()), least)

    def is_blocked(
        self, place: Place, attempt_id: str | None, invisible_ms: int
    ) -> bool:
        """Say whether something of what the group was given last is still hidden."""
        info = self._find(place)
        if info is None or (info.attempt_id and info.attempt_id == attempt_id):
            return False
        if not info.invisible_ms or info.invisible_ms <= 0:
            info.invisible_ms = invisible_ms
        now_ms = self._wall_ms()
        return any(now_ms < until_ms for until_ms in info.hidden())

    def free_at_ms(self, place: Place) -> int | None:
        """Say when the queue is free of itself; None if the group has nothing of it."""
        info = self._find(place)
        if info is None or not info.offset_list:
            return None
        return max(info.hidden(), default=self._wall_ms())

    def acked(self, place: Place, offset: int, popped_ms: int) -> int:
        """Note an ack; gives where the group goes on, ILLEGAL or UNCHANGED."""
        info = self._find(place)
        if info is None:
            return offset + 1
        offsets = info.offsets()
        if not offsets:
            return ILLEGAL
        if popped_ms != info.popped_ms:
            return UNCHANGED
        if offset not in offsets:
            return ILLEGAL
        # Kept as Java keeps it: 64 bits with a sign.
        bits = (info.acked_bits | 1 << offsets.index(offset)) & _BITS_MASK
        info.acked_bits = bits - (1 << _BITS) if bits >> (_BITS - 1) else bits
        self._note(place)
        return info.next_offset()

    def postpone(
        self, place: Place, offset: int, popped_ms: int, visible_ms: int
    ) -> None:
        """Keep one message hidden until *visible_ms*."""
        info = self._find(place)
        if info is None or popped_ms != info.popped_ms:
            return
        if info.visible_ms is None:
            info.visible_ms = {}
        if offset in info.offsets():
            info.visible_ms[offset] = visible_ms
            self._note(place)

    def clear(self, topic: str, group: str, queue_id: int) -> None:
        """Forget what a group was given out of one queue."""
        name = _name(topic, group)
        queues = self._by_name.get(name, {})
        if queues.pop(queue_id, None) is not None:
            self._changed.add(name)

    def clean(
        self, queue_count: Callable[[str], int], has_group: Callable[[str], bool]
    ) -> None:
        """Forget what belongs to no topic, group or queue any more, or is too old."""
        least_ms = self._wall_ms() - FORGOTTEN_AFTER_MS
        for name, queues in list(self._by_name.items()):
            topic, _, group = name.partition("@")
            count = queue_count(topic) if has_group(group) else 0
            for queue_id, info in list(queues.items()):
                if queue_id >= count or info.consumed_ms < least_ms:
                    self.clear(topic, group, queue_id)
            if not queues:
                del self._by_name[name]
                self._changed.add(name)

    # Keeping

    def load(self, data: bytes) -> None:
        """Fill an empty table with what a file holds.

        Raises: FieldError, if it is no such file.
        """
        self._by_name.update(loose_json.decode(data, type=_Kept).table)

    def names(self) -> Iterable[str]:
        """Give the names of the entries of the file: topic@group."""
        return list(self._by_name)

    def entry(self, name: str) -> bytes | None:
        """Give one entry of the file as JSON; None where there is nothing."""
        queues: Mapping[int, OrderInfo] | None = self._by_name.get(name)
        return loose_json.encode(queues) if queues else None

    def take_changes(self) -> set[str]:
        """Give the names of the entries that changed since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def _find(self, place: Place) -> OrderInfo | None:
        topic, group, queue_id = place
        return self._by_name.get(_name(topic, group), {}).get(queue_id)

    def _put(self, place: Place, info: OrderInfo) -> None:
        topic, group, queue_id = place
        self._by_name.setdefault(_name(topic, group), {})[queue_id] = info
        self._note(place)

    def _note(self, place: Place) -> None:
        self._changed.add(_name(place[0], place[1]))


def _name(topic: str, group: str) -> str:
    return f"{topic}@{group}"


def _counts(
    before: OrderInfo, attempt_id: str | None, offsets: Sequence[int]
) -> dict[int, int]:
    """Give by offset how often it was given before, where it was."""
    known = before.consumed_counts or {}
    if before.attempt_id and before.attempt_id == attempt_id:
        return dict(known)
    given = set(before.offsets())
    return {offset: known.get(offset, 0) + 1 for offset in offsets if offset in given}
