"""Sends: many frames in, one append, many answers out.

``protocol.send_decoding`` makes columns of the frames, ``admission`` looks at them, the
store appends them as one write, ``protocol.send_replies`` makes the answers of them.
Source: SendMessageProcessor.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, ParamSpec

from twisted.internet.defer import Deferred, TimeoutError, gatherResults, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.flow.quotas import Quotas
from twistedmq.broker.send.admission import SPECIAL_PROPERTIES, Admission
from twistedmq.broker.send.counting import SendCounting
from twistedmq.broker.send.gathering import GatheredRead, SendGatherer
from twistedmq.broker.send.selection import merged, select
from twistedmq.config.broker import BrokerIdentity, SendConfig
from twistedmq.config.live import Live
from twistedmq.protocol import properties as props
from twistedmq.protocol.codec import encode_reply
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.errors import ServiceUnavailableError, TwistedMQError
from twistedmq.protocol.names import is_dlq_topic
from twistedmq.protocol.send_decoding import DecodedSends, SendDecoder
from twistedmq.protocol.send_replies import SendReplies
from twistedmq.remoting.interfaces import BatchTable, IConnection
from twistedmq.store.interfaces import (
    Appended,
    Durability,
    IMessageStore,
    StoreFullError,
)

P = ParamSpec("P")

_CODES: Final = (
    RequestCode.SEND_MESSAGE,
    RequestCode.SEND_MESSAGE_V2,
    RequestCode.SEND_BATCH_MESSAGE,
)


class SendHandlers:
    """Serves SEND_MESSAGE, SEND_MESSAGE_V2 and SEND_BATCH_MESSAGE.

    Args:
        admission: says what may be stored.
        store: where it goes.
        identity: names that go into messages and answers.
        packed_host: this broker's packed address, the first part of message ids.
        new_unique_id: makes an id for a message that came without one.
        counters: what came in.
        clock: for the time-out of answers that wait until the messages are safe.
        config: how long they wait.
        settled: gives what fires once new topics are on disk and known to the name
            servers, None if they are; an answer to the send that made a topic waits.
    """

    def __init__(
        self,
        *,
        admission: Admission,
        store: IMessageStore,
        identity: Live[BrokerIdentity],
        packed_host: bytes,
        new_unique_id: Callable[[], str],
        counters: BrokerCounters,
        clock: IReactorTime,
        config: Live[SendConfig],
        settled: Callable[[], Deferred[None] | None] = lambda: None,
    ) -> None:
        self._admission = admission
        self._store = store
        self._packed_host = packed_host
        self._new_unique_id = new_unique_id
        self._counting = SendCounting(counters)
        self._throughput = counters.throughput
        self._clock = clock
        self._config = config
        self._settled = settled
        self._quotas: Quotas | None = None
        self._closed: TwistedMQError | None = None
        self._gatherer = SendGatherer(clock, self._serve_gathered)
        self._take_names(identity.value)
        identity.subscribe(self._take_names)

    def _take_names(self, identity: BrokerIdentity) -> None:
        """Prepare what goes into every message and every answer."""
        self._marks = {
            props.MSG_REGION: identity.region,
            props.TRACE_ON: str(identity.trace_on).lower(),
        }
        added = props.format({**self._marks, props.CLUSTER: identity.cluster_name})
        self._decoder = SendDecoder(
            added,
            self._new_unique_id,
            SPECIAL_PROPERTIES,
            self._admission.batch_topics,
        )
        self._replies = {
            durability: SendReplies(
                self._packed_host,
                identity.region,
                durability.value,
                trace_on=identity.trace_on,
            )
            for durability in Durability
        }

    def batch_table(self) -> BatchTable:
        """Give the batch handlers by request code."""
        return dict.fromkeys(_CODES, self.serve)

    def limit(self, quotas: Quotas) -> None:
        """Refuse what *quotas* say is too much."""
        self._quotas = quotas

    def close(self, reason: str = "this broker is stopping") -> None:
        """Refuse every send from now on."""
        self._gatherer.serve_all()
        self._closed = ServiceUnavailableError(f"service not available now: {reason}")

    def serve(
        self, frames: Sequence[bytes], connection: IConnection
    ) -> bytes | Deferred[bytes]:
        """Store what *frames* bring; gives their answers."""
        sends = self._decoder.decode(frames, connection.packed_peer)
        if not sends.opaques:
            return self._refusals(sends)
        if self._closed is not None:
            return self._refuse_all(sends, self._closed)
        if self._quotas is not None and self._quotas.are_on:
            sends = self._without(sends, self._quotas.exceeded(sends, connection))
        if sends.opaques and self._admission.is_plain(sends):
            if self._gatherer.is_alone(connection.packed_peer) or sends.refused:
                return self._store_and_answer(sends, None)
            return self._gatherer.add(sends)
        good = self._without(sends, self._admission.admit(sends))
        if not good.opaques:
            return self._refusals(good)
        if any(map(is_dlq_topic, good.batch.topics)):
            good.is_special = True
        return self._store_and_answer(good, self._settled())

    def _without(
        self, sends: DecodedSends, wrong: Mapping[int, TwistedMQError]
    ) -> DecodedSends:
        """Take out of *sends* what may not be stored; it is answered by itself."""
        if not wrong:
            return sends
        requests = [r for r in range(len(sends.opaques)) if r not in wrong]
        good = select(sends, requests)
        good.refused = sends.refused + [
            (sends.opaques[request], sends.one_way[request], error)
            for request, error in wrong.items()
        ]
        return good

    def _store_and_answer(
        self, sends: DecodedSends, settled: Deferred[None] | None
    ) -> bytes | Deferred[bytes]:
        began_s = self._throughput.seconds()
        try:
            appended = self._store.append(sends.batch)
        except StoreFullError as error:
            self._throughput.failed += len(sends.counts)
            return self._refuse_all(sends, _full(error))
        except TwistedMQError as error:
            if len(sends.opaques) == 1:
                return self._refuse_all(sends, error)
            return self._store_one_by_one(sends)
        self._counting.stored(sends, appended)
        return self._answer_counted(sends, appended, settled, began_s)

    def _answer_counted(
        self,
        sends: DecodedSends,
        appended: Appended,
        settled: Deferred[None] | None,
        began_s: float,
    ) -> bytes | Deferred[bytes]:
        """Answer now, or when what was stored is safe."""
        safe = self._store.safe(appended.end)
        if safe is not None and _nobody_waits(sends):
            safe.addErrback(lambda _: None)
            return self._answer(Durability.PAGE_CACHE, sends, appended)
        if safe is None:
            if took_ms := self._throughput.stored(began_s, len(sends.counts)):
                self._counting.times(sends, took_ms)
            if settled is None:
                return self._answer(self._store.durability, sends, appended)
            safe = succeed(self._store.durability)
        else:
            safe.addCallback(self._became_safe, sends, began_s)
        return self._answer_when_safe(safe, settled, sends, appended)

    def _serve_gathered(self, reads: list[GatheredRead]) -> None:
        """Store what several reads brought as one batch."""
        began_s = self._throughput.seconds()
        batch = merged([read.sends.batch for read in reads])
        try:
            appended = self._store.append(batch)
        except Exception:
            # Nothing was stored: each of them finds out for itself.
            for read in reads:
                _answer_with(read.answers, self._store_and_answer, read.sends, None)
            return
        counts = [count for read in reads for count in read.sends.counts]
        self._counting.messages(batch, counts, appended)
        parts = zip(reads, _parts(reads, appended), strict=True)
        safe = self._store.safe(appended.end)
        if safe is None:
            took_ms = self._throughput.stored(began_s, len(counts))
            durability = self._store.durability
            for read, part in parts:
                if took_ms:
                    self._counting.times(read.sends, took_ms)
                _answer_with(read.answers, self._answer, durability, read.sends, part)
            return
        safe.addErrback(lambda _: None)  # each is told by a wait of its own
        for read, part in parts:
            answer = partial(self._answer_counted, read.sends, part, None, began_s)
            _answer_with(read.answers, answer)

    def _store_one_by_one(self, sends: DecodedSends) -> bytes | Deferred[bytes]:
        """Find the request that the store refuses; the others shall not suffer."""
        answers = [
            self._store_and_answer(select(sends, [request]), None)
            for request in range(len(sends.opaques))
        ]
        waiting = [a if isinstance(a, Deferred) else succeed(a) for a in answers]
        waiting.append(succeed(self._refusals(sends)))
        return gatherResults(waiting).addCallback(b"".join)

    def _answer(
        self, durability: Durability, sends: DecodedSends, appended: Appended
    ) -> bytes:
        answers = self._replies[durability].encode(
            sends, appended.physical_offsets, appended.queue_offsets
        )
        return answers + self._refusals(sends) if sends.refused else answers

    def _answer_when_safe(
        self,
        safe: Deferred[Durability],
        settled: Deferred[None] | None,
        sends: DecodedSends,
        appended: Appended,
    ) -> Deferred[bytes]:
        safe.addTimeout(self._config.value.flush_timeout_ms / 1000, self._clock)
        if settled is not None:
            # A topic that could not be written down is logged and tried again there.
            settled.addErrback(lambda _: None)
            safe.addCallback(
                lambda durability: settled.addCallback(lambda _: durability)
            )
        # While the disk or a replica works this thread has time, and later it has not.
        expected = self._store.durability
        prepared = self._answer(expected, sends, appended)

        def answer(durability: Durability) -> bytes:
            if durability is expected:
                return prepared
            return self._answer(durability, sends, appended)

        answers = safe.addCallbacks(
            answer, self._not_safe, errbackArgs=(sends, appended)
        )
        return answers

    def _not_safe(
        self, failure: Failure, sends: DecodedSends, appended: Appended
    ) -> bytes:
        """Say that the messages are there but perhaps not for long."""
        error = failure.value
        if isinstance(error, TimeoutError):
            return self._late(sends, appended) + self._refusals(sends)
        if isinstance(error, StoreFullError):
            return self._refuse_all(sends, _full(error))
        if isinstance(error, TwistedMQError):
            return self._refuse_all(sends, error)
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
                answers.append(_encode(answer, sends.opaques[request]))
        return b"".join(answers)

    def _refuse_all(self, sends: DecodedSends, error: TwistedMQError) -> bytes:
        for opaque, one_way in zip(sends.opaques, sends.one_way, strict=True):
            sends.refused.append((opaque, one_way, error))
        return self._refusals(sends)

    def _refusals(self, sends: DecodedSends) -> bytes:
        """Give the answers to the requests that brought nothing to store."""
        return b"".join(
            _encode(Reply(error.code, self._marks, remark=str(error)), opaque)
            for opaque, one_way, error in sends.refused
            if not one_way
        )

    def _became_safe(
        self, durability: Durability, sends: DecodedSends, began_s: float
    ) -> Durability:
        """Count how long it took, by topic and queue."""
        calls = len(sends.counts)
        if took_ms := self._throughput.stored(began_s, calls, in_memory=False):
            self._counting.times(sends, took_ms)
        return durability


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


def _answer_with(
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


def _full(error: StoreFullError) -> TwistedMQError:
    return ServiceUnavailableError(f"service not available now: {error}")


def _nobody_waits(sends: DecodedSends) -> bool:
    return all(held.get(props.WAIT) == "false" for held in sends.property_maps)


def _encode(reply: Reply, opaque: int) -> bytes:
    return b"".join(encode_reply(reply, Command(code=0, opaque=opaque)))
