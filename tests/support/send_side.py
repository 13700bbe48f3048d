"""Send handlers, those who send, and a disk that takes its time."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from write_side import WriteSide, answers_in, send_frame

from twistedmq.broker.send.handlers import SendHandlers
from twistedmq.protocol.command import Command
from twistedmq.protocol.record import decode_record
from twistedmq.store.interfaces import Durability
from twistedmq.testing.connections import FakeConnection


class Broker:
    """Send handlers, and one who sends."""

    def __init__(self, side: WriteSide | None = None, **changes: Any) -> None:
        self.side = side or WriteSide()
        self.store = self.side.store
        self.side.topics.create_if_absent("T", 4)
        self.handlers: SendHandlers = self.side.send_handlers(**changes)

    def give(self, *frames: bytes) -> bytes | Deferred[bytes]:
        return self.handlers.batch_table()[310](frames, FakeConnection())

    def send(self, *frames: bytes) -> dict[int, Command]:
        data = self.give(*frames)
        assert isinstance(data, bytes)
        return answers_in(data)

    def bodies(self, topic: str, queue_id: int = 0) -> list[bytes]:
        entries = self.store.entries(topic, queue_id, 0, 100)
        found = (self.store.record_at(entry.physical_offset) for entry in entries)
        return [decode_record(r).body for r in found if isinstance(r, bytes)]


class Peers:
    """Several connections that send to one broker in one turn of the reactor."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        broker.send(send_frame("T", b"known"))  # the queue is good from now on
        broker.send(send_frame("T", b"last"))  # and this was the last one to send
        self.answers: dict[int, bytes] = {}
        self.failures: list[Failure] = []

    def give(self, number: int, *frames: bytes) -> None:
        connection = FakeConnection(f"192.0.2.1:{number}")
        answers = self.broker.handlers.batch_table()[310](frames, connection)
        assert isinstance(answers, Deferred)
        answers.addCallbacks(
            lambda data: self.answers.update({number: data}), self.failures.append
        )

    def opaques(self) -> dict[int, list[int]]:
        return {n: list(answers_in(data)) for n, data in self.answers.items()}


class SlowDisk:
    """Makes a store's messages safe when the test says so."""

    def __init__(self, broker: Broker) -> None:
        self.flushes: list[Deferred[Durability]] = []
        broker.store.safe = self.safe  # type: ignore[method-assign]

    def safe(self, _: int) -> Deferred[Durability]:
        self.flushes.append(Deferred())
        return self.flushes[-1]
