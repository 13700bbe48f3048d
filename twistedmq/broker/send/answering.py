"""What senders are told: at once, or when the store says that their messages are safe.

Source: SendMessageProcessor.
"""

from collections.abc import Callable, Sequence
from typing import ParamSpec

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from twistedmq.broker.send.counting import SendCounting
from twistedmq.broker.send.gathering import GatheredRead
from twistedmq.broker.statistics.throughput import Throughput
from twistedmq.config.broker import BrokerIdentity, SendConfig
from twistedmq.config.live import Live
from twistedmq.protocol import properties as props
from twistedmq.protocol.codec import encode_reply
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.errors import ServiceUnavailableError, TwistedMQError
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.protocol.send_decoding import DecodedSends
from twistedmq.protocol.send_replies import SendReplies
from twistedmq.store.interfaces import (
    Appended,
    Durability,
    IMessageStore,
    StoreFullError,
)

P = ParamSpec("P")
_Part = tuple[GatheredRead, Appended]
"""What one read brought, and where it was stored."""
_Stored = tuple[SendBatch, Sequence[int], Appended]
"""What was stored together: messages, how many each request brought, and where."""


class SendAnswers:
    """Makes the answers of sends.

    Args:
        store: says what it promises.
        identity: names that go into answers.
        packed_host: this broker's packed address, the first part of message ids.
        counting: is told what was stored, and how long the answers took.
        throughput: likewise, all together.
        clock: for the time-out of answers that wait until the messages are safe.
        config: how long they wait.
    """

    def __init__(
        self,
        *,
        store: IMessageStore,
        identity: Live[BrokerIdentity],
        packed_host: bytes,
        counting: SendCounting,
        throughput: Throughput,
        clock: IReactorTime,
        config: Live[SendConfig],
    ) -> None:
        self._store = store
        self._packed_host = packed_host
        self._counting = counting
        self._throughput = throughput
        self._clock = clock
        self._config = config
        self._take_names(identity.value)
        identity.subscribe(self._take_names)

    def _take_names(self, identity: BrokerIdentity) -> None:
        self._marks = marks_of(identity)
        self._replies = {
            durability: SendReplies(
                self._packed_host,
                identity.region,
                durability.value,
                trace_on=identity.trace_on,
            )
            for durability in Durability
        }

    def of_stored(
        self,
        safe: Deferred[Durability] | None,
        sends: DecodedSends,
        appended: Appended,
        settled: Deferred[None] | None,
        began_s: float,
    ) -> bytes | Deferred[bytes]:
        """Answer now, or when what was stored is *safe*, and new topics *settled*."""
        if safe is None:
            self._count((sends.batch, sends.counts, appended), began_s)
            if settled is None:
                return self._encode(self._store.durability, sends, appended)
            # A topic that could not be written down is logged and tried again there.
            settled.addErrback(lambda _: None)
            return settled.addCallback(
                lambda _: self._encode(self._store.durability, sends, appended)
            )
        if _nobody_waits(sends):
            safe.addErrback(lambda _: None)
            self._counting.answered(sends.batch, sends.counts, appended)
            return self._encode(Durability.PAGE_CACHE, sends, appended)
        self._limit(safe)
        if settled is not None:
            settled.addErrback(lambda _: None)
            safe.addCallback(
                lambda durability: settled.addCallback(lambda _: durability)
            )
        read = GatheredRead(sends, Deferred())
        stored = sends.batch, sends.counts, appended
        self._when_safe(safe, [(read, appended)], stored, began_s)
        return read.answers

    def of_gathered(
        self,
        safe: Deferred[Durability] | None,
        reads: Sequence[GatheredRead],
        batch: SendBatch,
        appended: Appended,
        began_s: float,
    ) -> None:
        """Do so for *reads* that were stored as one *batch*: one waits for all."""
        counts = [count for read in reads for count in read.sends.counts]
        stored = batch, counts, appended
        parts = list(zip(reads, _parts(reads, appended), strict=True))
        if safe is None:
            durability = self._store.durability
            for read, part in parts:
                read.answers.callback(self._try_to_encode(durability, read.sends, part))
            self._count(stored, began_s)
            return
        waiting = []
        for read, part in parts:
            if _nobody_waits(read.sends):
                answers = self._try_to_encode(Durability.PAGE_CACHE, read.sends, part)
                read.answers.callback(answers)
            else:
                waiting.append((read, part))
        if waiting:
            self._limit(safe)
            self._when_safe(safe, waiting, stored, began_s)
        else:
            safe.addErrback(lambda _: None)
            self._counting.answered(*stored)

    def _limit(self, safe: Deferred[Durability]) -> None:
        safe.addTimeout(self._config.value.flush_timeout_ms / 1000, self._clock)

    def _when_safe(
        self,
        safe: Deferred[Durability],
        waiting: Sequence[_Part],
        stored: _Stored,
        began_s: float,
    ) -> None:
        """Tell those who wait when it is so."""
        # While the disk or a replica works this thread has time, and later it has not.
        expected = self._store.durability
        prepared = [
            self._try_to_encode(expected, read.sends, part) for read, part in waiting
        ]

        def tell(durability: Durability) -> None:
            for (read, part), answers in zip(waiting, prepared, strict=True):
                if durability is expected:
                    read.answers.callback(answers)
                else:
                    answer_with(
                        read.answers, self._encode, durability, read.sends, part
                    )
            self._count(stored, began_s, in_memory=False)

        def refuse(failure: Failure) -> None:
            for read, part in waiting:
                answer_with(read.answers, self._not_safe, failure, read.sends, part)
            self._counting.answered(*stored)

        safe.addCallbacks(tell, refuse)

    def _count(
        self, stored: _Stored, began_s: float, *, in_memory: bool = True
    ) -> None:
        """Count what was stored, and how long it took."""
        batch, counts, appended = stored
        calls = len(counts)
        took_ms = self._throughput.stored(began_s, calls, in_memory=in_memory)
        self._counting.answered(batch, counts, appended, took_ms)

    def _encode(
        self, durability: Durability, sends: DecodedSends, appended: Appended
    ) -> bytes:
        answers = self._replies[durability].encode(
            sends, appended.physical_offsets, appended.queue_offsets
        )
        return answers + self.of_refused(sends) if sends.refused else answers

    def _try_to_encode(
        self, durability: Durability, sends: DecodedSends, appended: Appended
    ) -> bytes | Failure:
        """Give why not if that is not possible: the other reads shall not suffer."""
        try:
            return self._encode(durability, sends, appended)
        except Exception:
            return Failure()

    def _not_safe(
        self, failure: Failure, sends: DecodedSends, appended: Appended
    ) -> bytes:
        """Say that the messages are there but perhaps not for long."""
        error = failure.value
        if isinstance(error, TimeoutError):
            return self._late(sends, appended) + self.of_refused(sends)
        if isinstance(error, StoreFullError):
            return self.refuse_all(sends, full(error))
        if isinstance(error, TwistedMQError):
            return self.refuse_all(sends, error)
        return failure.raiseException()

    def _late(self, sends: DecodedSends, appended: Appended) -> bytes:
        """Answer as when stored, with a code that says: not flushed in time."""
        host, answers, first = self._packed_host.hex().upper(), [], 0
        for request, count in enumerate(sends.counts):
            offsets = appended.physical_offsets[first : first + count]
            fields = {
                **self._marks,
                "msgId": ",".join(f"{host}{offset:016X}" for offset in offsets),
                "queueId": str(sends.batch.queue_ids[first]),
                "queueOffset": str(appended.queue_offsets[first]),
                "transactionId": sends.unique_ids[request],
                **sends.answer_fields.get(sends.opaques[request], {}),
            }
            first += count
            if not sends.one_way[request]:
                answer = Reply(ResponseCode.FLUSH_DISK_TIMEOUT, fields)
                answers.append(_frame(answer, sends.opaques[request]))
        return b"".join(answers)

    def refuse_all(self, sends: DecodedSends, error: TwistedMQError) -> bytes:
        """Answer everything with *error*."""
        for opaque, one_way in zip(sends.opaques, sends.one_way, strict=True):
            sends.refused.append((opaque, one_way, error))
        return self.of_refused(sends)

    def of_refused(self, sends: DecodedSends) -> bytes:
        """Give the answers to the requests that brought nothing to store."""
        return b"".join(
            _frame(Reply(error.code, self._marks, remark=str(error)), opaque)
            for opaque, one_way, error in sends.refused
            if not one_way
        )


def marks_of(identity: BrokerIdentity) -> dict[str, str]:
    """Give what goes into every message and every answer."""
    return {
        props.MSG_REGION: identity.region,
        props.TRACE_ON: str(identity.trace_on).lower(),
    }


def full(error: StoreFullError) -> TwistedMQError:
    """Say that the store takes nothing now, in the words that clients know."""
    return ServiceUnavailableError(f"service not available now: {error}")


def answer_with(
    answers: Deferred[bytes],
    function: Callable[P, bytes | Deferred[bytes]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> None:
    """Fire *answers* with what *function* gives, raises, or fires with."""
    try:
        result = function(*args, **kwargs)
    except Exception:
        answers.errback()
        return
    if isinstance(result, bytes):
        answers.callback(result)
    else:
        result.chainDeferred(answers)


def _parts(reads: Sequence[GatheredRead], appended: Appended) -> list[Appended]:
    """Give each read its part of what was stored."""
    physical, queue, parts = appended.physical_offsets, appended.queue_offsets, []
    first = 0
    for read in reads:
        stop = first + len(read.sends.batch)
        end = physical[stop] if stop < len(physical) else appended.end
        parts.append(
            Appended(physical[first:stop], queue[first:stop], end, appended.store_ms)
        )
        first = stop
    return parts


def _nobody_waits(sends: DecodedSends) -> bool:
    return all(held.get(props.WAIT) == "false" for held in sends.property_maps)


def _frame(reply: Reply, opaque: int) -> bytes:
    return b"".join(encode_reply(reply, Command(code=0, opaque=opaque)))
