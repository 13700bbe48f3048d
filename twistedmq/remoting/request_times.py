"""How long requests take, by code and outcome. Source: RemotingMetricsManager.

Handlers are wrapped where these figures are wanted, and only there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.metrics.samples import Distribution, Sample, histogram
from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import ONE_WAY_FLAG, Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.framing import FrameDecoder
from twistedmq.remoting.interfaces import (
    BatchHandler,
    BatchTable,
    Handler,
    HandlerTable,
    IConnection,
    Request,
)

LATENCY: Final = histogram(
    "rocketmq_rpc_latency_milliseconds",
    "Rpc latency",
    "protocol_type",
    "request_code",
    "response_code",
    "is_long_polling",
    "result",
)
BOUNDS_MS: Final = (1, 3, 5, 7, 10, 100, 1000, 2000, 3000)

_SUCCESS: Final = int(ResponseCode.SUCCESS)
_LONG_POLLING: Final = frozenset(
    {
        RequestCode.PULL_MESSAGE,
        RequestCode.LITE_PULL_MESSAGE,
        RequestCode.POP_MESSAGE,
        RequestCode.NOTIFICATION,
    }
)
"""Their answers come late where the request was held."""
_NO_TIME_S: Final = 0.001
_GOOD_BATCH_REPLY: Final = b'{"code":0,'
"""How a good reply to a send begins; nothing else in such a reply looks like it."""


class RequestTimes:
    """Counts requests by code, by code of the response, and by time."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._times: dict[tuple[int, int, str, bool], Distribution] = {}

    def handlers(self, table: HandlerTable) -> dict[int, Handler]:
        """Give handlers that do the same and are measured."""
        return {code: self._measured(code, each) for code, each in table.items()}

    def batches(self, table: BatchTable) -> dict[int, BatchHandler]:
        """Give batch handlers that do the same and are measured."""
        return {code: self._measured_batch(code, each) for code, each in table.items()}

    def samples(self) -> Iterator[Sample]:
        """Give the distributions."""
        for (code, answer, result, held), times in list(self._times.items()):
            if not any(times.counts):
                continue
            labels = (_name(RequestCode, code), _name(ResponseCode, answer))
            yield LATENCY.of(
                times, "remoting", *labels, "true" if held else "false", result
            )

    def _note(
        self,
        code: int,
        answer: int,
        began_s: float,
        *,
        number: int = 1,
        one_way: bool = False,
        held: bool = False,
    ) -> None:
        times = self._distribution(code, answer, one_way=one_way, held=held)
        took_ms = int((self._seconds() - began_s) * 1000)
        if took_ms:
            times.add(took_ms, number)
        else:
            times.counts[0] += number

    def _distribution(
        self, code: int, answer: int, *, one_way: bool = False, held: bool = False
    ) -> Distribution:
        key = (code, answer, "oneway" if one_way else "success", held)
        times = self._times.get(key)
        if times is None:
            times = self._times[key] = Distribution(BOUNDS_MS)
        return times

    def _measured(self, code: int, handler: Handler) -> Handler:
        seconds = self._seconds
        instant = self._distribution(code, _SUCCESS).counts

        def handle(request: Request) -> Reply | Deferred[Reply]:
            began_s = seconds()
            try:
                reply = handler(request)
            except Exception as error:
                one_way = request.command.is_one_way
                self._note(code, _code_of(error), began_s, one_way=one_way)
                raise
            if isinstance(reply, Reply):
                if (
                    reply.code == _SUCCESS
                    and seconds() - began_s < _NO_TIME_S
                    and not request.command.flag & ONE_WAY_FLAG
                ):
                    instant[0] += 1  # nearly all
                    return reply
                one_way = request.command.is_one_way
                self._note(code, reply.code, began_s, one_way=one_way)
                return reply
            one_way = request.command.is_one_way
            held = code in _LONG_POLLING

            def done(late: Reply) -> Reply:
                self._note(code, late.code, began_s, one_way=one_way, held=held)
                return late

            def failed(failure: Failure) -> Failure:
                self._note(code, _code_of(failure.value), began_s, one_way=one_way)
                return failure

            return reply.addCallbacks(done, failed)

        return handle

    def _measured_batch(self, code: int, handler: BatchHandler) -> BatchHandler:
        seconds = self._seconds
        instant = self._distribution(code, _SUCCESS).counts

        def handle(
            frames: Sequence[bytes], connection: IConnection
        ) -> bytes | Deferred[bytes]:
            began_s, number = seconds(), len(frames)

            def done(replies: bytes) -> bytes:
                if (
                    seconds() - began_s < _NO_TIME_S
                    and replies.count(_GOOD_BATCH_REPLY) == number
                ):
                    instant[0] += number  # nearly all
                else:
                    self._note_batch(code, replies, number, began_s)
                return replies

            replies = handler(frames, connection)
            if isinstance(replies, bytes):
                return done(replies)
            return replies.addCallback(done)

        return handle

    def _note_batch(
        self, code: int, replies: bytes, number: int, began_s: float
    ) -> None:
        good = replies.count(_GOOD_BATCH_REPLY)
        if good:
            self._note(code, _SUCCESS, began_s, number=good)
        if good == number:
            return
        others = [
            command.code
            for command in map(decode_command, FrameDecoder(2**31).feed(replies))
            if command.code != _SUCCESS
        ]
        for answer in others:
            self._note(code, answer, began_s)
        if silent := number - good - len(others):
            self._note(code, _SUCCESS, began_s, number=silent, one_way=True)


def _code_of(error: Any) -> int:
    if isinstance(error, TwistedMQError):
        return int(error.code)
    return int(ResponseCode.SYSTEM_ERROR)


def _name(codes: type[RequestCode] | type[ResponseCode], code: int) -> str:
    names: Mapping[int, Any] = codes._value2member_map_
    known = names.get(code)
    return str(code) if known is None else known.name.lower()
