from typing import Any

from twisted.internet.task import Clock

from twistedmq.broker.send.gathering import GatheredRead, SendGatherer
from twistedmq.protocol.send_decoding import DecodedSends, SendDecoder

A, B = b"\x7f\0\0\1\0\0\0\1", b"\x7f\0\0\1\0\0\0\2"


def nothing() -> DecodedSends:
    return SendDecoder(b"", lambda: "made").decode([], A)


class Turns:
    """A gatherer, and what it handed over in each turn."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.served: list[int] = []
        self.gatherer = SendGatherer(self.clock, self.serve)

    def serve(self, reads: list[GatheredRead]) -> None:
        self.served.append(len(reads))
        for number, read in enumerate(reads):
            read.answers.callback(b"%d" % number)


def test_who_sends_alone_does_not_wait() -> None:
    gatherer = Turns().gatherer
    assert [gatherer.is_alone(peer) for peer in (A, A, B, A, A)] == [
        True, True, False, False, True,
    ]  # fmt: skip


def test_nobody_overtakes_a_read_that_is_kept() -> None:
    gatherer = Turns().gatherer
    gatherer.is_alone(A)
    assert not gatherer.is_alone(B)
    gatherer.add(nothing())
    assert not gatherer.is_alone(B)


def test_the_reads_of_a_turn_are_served_together() -> None:
    turns, answers = Turns(), list[Any]()
    for _ in range(3):
        turns.gatherer.add(nothing()).addCallback(answers.append)
    assert turns.served == []
    turns.clock.advance(0)
    assert turns.served == [3]
    assert answers == [b"0", b"1", b"2"]
    turns.gatherer.add(nothing())
    turns.clock.advance(0)
    assert turns.served == [3, 1]


def test_what_is_kept_can_be_served_at_once() -> None:
    turns = Turns()
    turns.gatherer.add(nothing())
    turns.gatherer.serve_all()
    assert turns.served == [1]
    turns.clock.advance(0)
    assert turns.served == [1]
