"""One store directory, opened in turn by our broker and by the genuine one.

A test says which settings both get, sends through either, and has every message that
was ever acknowledged read again:

    both = TwoWay(tmp_path / "data", {"mappedFileSizeCommitLog": "8388608"})
    with both.ours() as ours:
        both.send(ours.address, "Topic", 20_000)
    both.through_genuine(lambda genuine: both.check(genuine.address))
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peer
from load import Sender, Stored, problems, query, read_topic
from processes import OurBroker

NOBODY = "127.0.0.1:9"
MORE = 1000
"""How many messages a genuine broker appends to each topic."""


class Sent:
    """What was acknowledged of one topic, by whomever."""

    def __init__(self, queues: int, size: int) -> None:
        self.queues, self.size = queues, size
        self.acked: dict[tuple[int, int], int] = {}
        self.next = 0

    def send(self, address: str, topic: str, count: int, more: str) -> None:
        """Send *count* messages, numbered on; each must get a place of its own."""
        sender = Sender(
            address,
            topic,
            first=self.next,
            count=count,
            queues=self.queues,
            size=self.size,
            more=more,
        )
        sender.start()
        sender.join()
        assert not sender.refused, f"{topic}: {dict(sender.refused)}"
        assert not sender.twice, f"{topic}: given twice {sender.twice[:3]}"
        again = set(sender.acked) & set(self.acked)
        assert not again, f"{topic}: given again {sorted(again)[:3]}"
        assert len(sender.acked) == count, f"{topic}: {len(sender.acked)} of {count}"
        self.acked |= sender.acked
        self.next += count

    def expire(self, queue_id: int, min_offset: int) -> None:
        """Expect no message of a queue from before *min_offset* any more."""
        self.acked = {
            place: number
            for place, number in self.acked.items()
            if place[0] != queue_id or place[1] >= min_offset
        }


class LoneBroker(peer.Broker):
    """The genuine broker without a name server: nobody asks for routes here."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(NOBODY, **settings)

    def answers(self) -> bool:
        """Say whether it answers anything at all."""
        peer.ask(self.address, peer.GET_BROKER_RUNTIME_INFO)
        return True


class TwoWay:
    """A data directory, what both brokers are told, and what they acknowledged.

    ``sent`` holds the topics that ``send`` was told of.
    """

    def __init__(
        self,
        data: Path,
        settings: dict[str, str] | None = None,
        *,
        ours: dict[str, str] | None = None,
        genuine: dict[str, str] | None = None,
    ) -> None:
        """*settings* go to both; *ours* and *genuine* to one of them besides."""
        self.data = data
        self.sent: dict[str, Sent] = {}
        both = {"brokerName": "both", **(settings or {})}
        self._genuine_settings = {**both, **(genuine or {})}
        self._ours = OurBroker(data, settings={**both, **(ours or {})})

    def ours(self) -> OurBroker:
        """Give our broker, to be entered; it may be entered again."""
        return self._ours

    @contextmanager
    def genuine(self) -> Iterator[peer.Broker]:
        """Run the genuine broker over the same directory; stopped in order."""
        broker = LoneBroker(name="both", home=self.data, config=self._genuine_settings)
        with broker:
            yield broker

    def send(
        self,
        address: str,
        topic: str,
        count: int,
        *,
        queues: int = 4,
        size: int = 1024,
        more: str = "",
    ) -> None:
        """Send to a topic; *more* is put behind the properties of each message."""
        sent = self.sent.setdefault(topic, Sent(queues, size))
        sent.send(address, topic, count, more)

    def check(self, address: str, *, keys: int = 10) -> None:
        """Read every topic wholly, and look *keys* messages of each up by key."""
        for topic, sent in self.sent.items():
            stored = read_topic(address, topic, sent.queues)
            assert problems(sent.acked, stored, sent.size) == [], topic
            assert len(stored) == len(sent.acked), topic
            assert not_found_by_key(address, topic, stored, keys) == [], topic

    def append(self, address: str, count: int = MORE) -> None:
        """Send *count* more messages to every topic."""
        for topic, sent in self.sent.items():
            sent.send(address, topic, count, "")

    def through_genuine(
        self, also: Callable[[peer.Broker], None] = lambda broker: None
    ) -> None:
        """Have the genuine broker serve everything, append to it, and stop.

        Then ours serves all of that. *also* is called with the genuine broker before
        it appends.
        """
        with self.genuine() as genuine:
            self.check(genuine.address)
            also(genuine)
            self.append(genuine.address)
        with self.ours() as ours:
            self.check(ours.address)
            self.append(ours.address, 10)
            self.check(ours.address)


def not_found_by_key(
    address: str, topic: str, stored: list[Stored], count: int
) -> list[str]:
    """Say which of a sample of messages key and unique key do not lead to."""
    wrong = []
    for message in random.Random(7).sample(stored, min(count, len(stored))):
        by_key = query(address, topic, message.properties["KEYS"])
        if [m.physical_offset for m in by_key] != [message.physical_offset]:
            wrong.append(f"key of {message.number}: {by_key}")
        unique = message.properties["UNIQ_KEY"]
        by_unique = query(address, topic, unique, unique=True)
        if message.physical_offset not in [m.physical_offset for m in by_unique]:
            wrong.append(f"unique key of {message.number}: {by_unique}")
    return wrong
