"""Messages popped from one broker, acknowledged or not, and continued by the other."""

from pathlib import Path

from load import Sender
from popping import Popper
from two_way import TwoWay

SETTINGS = {
    "mappedFileSizeCommitLog": "8388608",
    "reviveInterval": "500",
    "cleanFileForciblyEnable": "false",
}
COUNT = 40
INVISIBLE_MS = 12_000
LATE_S = 25.0
"""When all must have come back: the invisible time, a restart, and what both brokers
let pass before they bring a message back."""
OVER_S = 3.0
"""How long nothing more comes after that."""


def send(address: str, topic: str) -> None:
    sender = Sender(address, topic, count=COUNT, queues=2)
    sender.start()
    sender.join()
    assert len(sender.acked) == COUNT, dict(sender.refused)


def numbers(popped: list) -> list[int]:
    return sorted(each.number for each in popped)


class Middle:
    """One topic in the middle of everything: popped, acknowledged in part, and not."""

    def __init__(self, address: str, topic: str) -> None:
        self.topic = topic
        send(address, topic)
        with Popper(address, topic, "Some", invisible_ms=INVISIBLE_MS) as popper:
            popped = popper.pop(12) + popper.pop(12)
            assert len(popped) == 24
            popper.ack(popped[:5])
            popper.ack_together(popped[12:17])
        self.acked = numbers(popped[:5] + popped[12:17])
        self.out = numbers(popped[5:12] + popped[17:])
        with Popper(
            address, topic, "Ordered", invisible_ms=8_000, order=True
        ) as popper:
            given = popper.pop(8)
            popper.ack(given[:3])
        self.given = numbers(given[3:])

    def check(self, address: str) -> None:
        """See that the rest comes at once, what is out later, and nothing else."""
        with Popper(address, self.topic, "Some", invisible_ms=60_000) as popper:
            popped = popper.pop(32)
            rest = set(range(COUNT)) - {*self.acked, *self.out}
            at_once = [each for each in popped if each.number in rest]
            assert set(numbers(at_once)) == rest, self.topic
            # Where the other broker took its time to stop, some are back already.
            later = [each for each in popped if each.number not in rest]
            later += popper.pop_all(LATE_S, len(self.out) - len(later))
            later += popper.pop_all(OVER_S)
            assert numbers(later) == self.out, self.topic
            for each in later:
                assert "1ST_POP_TIME" in each.message.properties
            popper.ack(at_once)
            popper.ack_together(later)
        with Popper(address, self.topic, "Ordered", order=True) as popper:
            again = popper.pop(32)
        assert set(self.given) <= set(numbers(again)), self.topic

    def is_over(self, address: str) -> bool:
        """Say whether nothing is left."""
        with Popper(address, self.topic, "Some") as popper:
            return popper.pop() == []


def test_pops_of_either_broker_are_continued_by_the_other(tmp_path: Path) -> None:
    both = TwoWay(tmp_path / "data", SETTINGS)
    with both.ours() as ours:
        begun_by_ours = Middle(ours.address, "FromOurs")
        ours.stop()
    with both.genuine() as genuine:
        begun_by_ours.check(genuine.address)
        begun_by_genuine = Middle(genuine.address, "FromGenuine")
    with both.ours() as ours:
        begun_by_genuine.check(ours.address)
        assert begun_by_ours.is_over(ours.address)
        assert begun_by_genuine.is_over(ours.address)
