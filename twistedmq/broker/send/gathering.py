"""Sends of several connections within one turn of the reactor, stored as one batch.

What a send costs is mostly paid once a batch. Where many connections have one request
in flight each, a read brings one message; but a poll finds several reads. So what they
bring waits until the poll has been worked off, which is before the next one.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred

from twistedmq.protocol.send_decoding import DecodedSends


class GatheredRead(Struct):
    """What one read brought, and who waits for its answers."""

    sends: DecodedSends
    answers: Deferred[bytes]


class SendGatherer:
    """Keeps reads until the turn is over.

    A connection that is the only one to send gains nothing by waiting: while the same
    peer sends again and again, its reads are not kept.
    """

    def __init__(self, clock: Any, serve: Callable[[list[GatheredRead]], None]) -> None:
        """Hand the reads of a turn to *serve*, in order; it fires their answers."""
        self._clock = clock
        self._serve = serve
        self._reads: list[GatheredRead] = []
        self._last_peer = b""

    def is_alone(self, packed_peer: bytes) -> bool:
        """Say whether a read of this peer is better served at once; notes the peer."""
        alone = packed_peer == self._last_peer or not self._last_peer
        self._last_peer = packed_peer
        return alone and not self._reads

    def add(self, sends: DecodedSends) -> Deferred[bytes]:
        """Keep a read; fires with its answers within this turn, or when it is safe."""
        if not self._reads:
            self._clock.callLater(0, self.serve_all)
        answers: Deferred[bytes] = Deferred()
        self._reads.append(GatheredRead(sends, answers))
        return answers

    def serve_all(self) -> None:
        """Serve what is kept now."""
        reads, self._reads = self._reads, []
        if reads:
            self._serve(reads)
