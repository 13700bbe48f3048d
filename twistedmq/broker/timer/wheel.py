"""Which times have messages waiting, and where in the timer log they are. Pure.

Only times at which something is due are held: an empty wheel holds nothing.
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from msgspec.structs import replace

from twistedmq.store.timer.slots import WHEEL_SLOTS, Slot, encode_slot, slot_at
from twistedmq.store.timer.units import DELETES, NOWHERE, TimerUnit


class Wheel:
    """The slots in which messages wait, by time in ms.

    Args:
        grain_ms: what a slot stands for; times are multiples of it.
    """

    def __init__(self, grain_ms: int) -> None:
        self.grain_ms = grain_ms
        self.waiting = 0
        """How many messages wait, those called back not counted."""
        self._slots: dict[int, Slot] = {}
        self._times: list[int] = []
        self._changed: set[int] = set()

    def fill(self, slots: dict[int, Slot], changed: Iterable[int] = ()) -> None:
        """Hold *slots* and nothing else; *changed* are not so in the file."""
        self._slots = slots
        self._times = list(slots)
        heapify(self._times)
        self._changed = set(changed)
        self.waiting = sum(slot.count for slot in slots.values())

    def __len__(self) -> int:
        """Count the times at which something is due."""
        return len(self._slots)

    def floor(self, time_ms: int) -> int:
        """Give the time of the slot that *time_ms* is in."""
        return time_ms - time_ms % self.grain_ms

    def count_at(self, time_ms: int) -> int:
        """Give how many messages are due in one slot."""
        slot = self._slots.get(time_ms - time_ms % self.grain_ms)
        return slot.count if slot else 0

    def counts_until(self, times_ms: Iterable[int]) -> list[int]:
        """Give how many messages are due before each time and after the one before."""
        bounds, counts = list(times_ms), list[int]()
        before = -1
        for bound in bounds:
            counts.append(
                sum(s.count for t, s in self._slots.items() if before < t <= bound)
            )
            before = bound
        return counts

    def last_of(self, time_ms: int) -> int:
        """Give the place of a slot's last unit."""
        slot = self._slots.get(time_ms)
        return slot.last if slot else NOWHERE

    def put(self, place: int, unit: TimerUnit) -> None:
        """Take in a unit that was written at *place*."""
        time_ms = unit.due_ms
        slot = self._slots.get(time_ms)
        if slot is None:
            slot = self._slots[time_ms] = Slot(place, place)
            heappush(self._times, time_ms)
        slot.last = place
        one = -1 if unit.kind & DELETES else 1
        slot.count += one
        self.waiting += one
        self._changed.add(time_ms)

    def next_time(self) -> int | None:
        """Give the earliest time at which something is due."""
        while self._times and self._times[0] not in self._slots:
            heappop(self._times)
        return self._times[0] if self._times else None

    def remove(self, time_ms: int) -> None:
        """Be told that all of a slot is delivered."""
        slot = self._slots.pop(time_ms, None)
        if slot is not None:
            self.waiting -= slot.count
            self._changed.add(time_ms)

    def take_changes(self) -> set[int]:
        """Give the times whose slots are other than in the file, and forget them."""
        changed, self._changed = self._changed, set()
        return changed

    def give_back(self, changed: Iterable[int]) -> None:
        """Be told that changes did not get into the file."""
        self._changed.update(changed)

    def encoded(self, times_ms: Iterable[int]) -> list[tuple[int, bytes]]:
        """Give slots as the file holds them: number and bytes.

        A slot is emptied only where no other time of the same number waits.
        """
        turn_ms, found = WHEEL_SLOTS * self.grain_ms, list[tuple[int, bytes]]()
        for time_ms in times_ms:
            slot = self._slots.get(time_ms)
            if slot is None and (
                time_ms + turn_ms in self._slots or time_ms - turn_ms in self._slots
            ):
                continue
            data = encode_slot(time_ms, slot, self.grain_ms)
            found.append((slot_at(time_ms, self.grain_ms), data))
        return found

    def copy_of(self, time_ms: int) -> Slot | None:
        """Give one slot as it is now; it may change meanwhile."""
        slot = self._slots.get(time_ms)
        return replace(slot) if slot else None
