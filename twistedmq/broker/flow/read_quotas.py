"""How much one connection may read, and how much may be read of one topic.

Who is over a limit waits for his turn rather than being refused: a consumer that is
refused comes back at once. Then he is given as much as there is, one message at least.
"""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.broker.flow.rates import READS, Pair, RateTable, TooFastError
from twistedmq.broker.flow.read_holds import ReadHolds
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.flow import FlowConfig
from twistedmq.config.live import Live
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Buffer, Reply
from twistedmq.remoting.interfaces import Handler, HandlerTable, Request

_PULLS: Final = (RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE)
_POPS: Final = (RequestCode.POP_MESSAGE, RequestCode.NOTIFICATION)
_READS: Final = (*_PULLS, RequestCode.POP_MESSAGE, RequestCode.PEEK_MESSAGE)
_SIZE_BYTES: Final = 4


class ReadQuotas(RateTable):
    """Says how much may be read now."""

    def __init__(
        self, topics: TopicTable, config: Live[FlowConfig], seconds: Callable[[], float]
    ) -> None:
        """Take limits from *config* and from the attributes of *topics*."""
        super().__init__(READS, topics, config, seconds)

    def pairs(self, request: Request, *, may_owe: bool) -> list[Pair]:
        """Give the buckets of a reader, and of what he reads, that are limited.

        Raises: TooFastError, if one is empty, unless it *may_owe*.
        """
        now_s, topic = self.seconds(), request.header.topic
        found = (
            self.of_client(request.connection, now_s, may_owe=may_owe),
            self.of_topic(topic, now_s, may_owe=may_owe),
        )
        return [pair for pair in found if pair is not None]


class ReadGuard:
    """Has pulls and pops wait that are too much, and none for longer than it may.

    Args:
        quotas: what is too much.
        holds: keeps them.
        config: how long.
    """

    def __init__(
        self, quotas: ReadQuotas, holds: ReadHolds, config: Live[FlowConfig]
    ) -> None:
        self._quotas = quotas
        self._holds = holds
        self._config = config

    def guarded(self, table: HandlerTable) -> dict[int, Handler]:
        """Give handlers that look at reads before they are served."""
        guarded = dict(table)
        for code in _READS:
            if code in table:
                guarded[code] = self._limited(table[code])
        for codes, field in ((_PULLS, "suspend_timeout_millis"), (_POPS, "poll_time")):
            for code in codes:
                if code in table:
                    guarded[code] = self._not_too_long(guarded[code], field)
        return guarded

    def _not_too_long(self, handler: Handler, field: str) -> Handler:
        config = self._config

        def handle(request: Request) -> Reply | Deferred[Reply]:
            header = request.header
            if getattr(header, field) > config.value.longest_wait_ms:
                setattr(header, field, config.value.longest_wait_ms)
            return handler(request)

        return handle

    def _limited(self, handler: Handler) -> Handler:
        quotas = self._quotas

        def serve(request: Request, pairs: list[Pair]) -> Reply | Deferred[Reply]:
            _narrow(request, pairs)
            reply = handler(request)
            if isinstance(reply, Deferred):
                return reply.addCallback(_paid, pairs)
            return _paid(reply, pairs)

        def in_turn(request: Request) -> Reply | Deferred[Reply]:
            """Serve who has waited, though others may have taken what there was."""
            return serve(request, quotas.pairs(request, may_owe=True))

        def handle(request: Request) -> Reply | Deferred[Reply]:
            if not quotas.are_on:
                return handler(request)
            try:
                pairs = quotas.pairs(request, may_owe=False)
            except TooFastError as error:
                return self._later(request, in_turn, error)
            return serve(request, pairs)

        return handle

    def _later(
        self, request: Request, serve: Handler, error: TooFastError
    ) -> Deferred[Reply]:
        """Have *request* wait for its turn.

        Raises: *error*, if that would take too long, or too many wait.
        """
        held = None
        if error.wait_s * 1000 <= self._config.value.longest_read_delay_ms:
            held = self._holds.hold(request, serve, error.wait_s)
        if held is None:
            self._quotas.refused(error.limit, 1)
            raise error
        self._quotas.delayed(error.limit)
        return held


def _narrow(request: Request, pairs: list[Pair]) -> None:
    """Have *request* ask for no more than there is."""
    header = request.header
    for pair in pairs:
        messages, size = pair.left()
        if messages is not None:
            header.max_msg_nums = min(header.max_msg_nums, messages)
        if size is not None and hasattr(header, "max_msg_bytes"):
            header.max_msg_bytes = min(header.max_msg_bytes or size, size)


def _paid(reply: Reply, pairs: list[Pair]) -> Reply:
    """Take what *reply* gives out of the buckets."""
    body = reply.body
    pieces: list[Buffer] = body if isinstance(body, list) else [body or b""]
    size = sum(map(len, pieces))
    if size:
        number = sum(map(_records_in, pieces))
        for pair in pairs:
            pair.take(number, size)
    return reply


def _records_in(piece: Buffer) -> int:
    """Count the records of a slice of the log; each begins with its size."""
    number = at = 0
    while at < len(piece):
        at += max(_SIZE_BYTES, int.from_bytes(piece[at : at + _SIZE_BYTES]))
        number += 1
    return number
