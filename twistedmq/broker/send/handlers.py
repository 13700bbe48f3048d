"""Sends: many frames in, one append, many answers out.

``protocol.send_decoding`` makes columns of the frames, ``admission`` looks at them, the
store appends them as one write, ``protocol.send_replies`` makes the answers of them.
Source: SendMessageProcessor.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.interfaces import IReactorTime

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.flow.quotas import Quotas
from twistedmq.broker.send.admission import SPECIAL_PROPERTIES, Admission
from twistedmq.broker.send.answering import (
    SendAnswers,
    answer_with,
    full,
    marks_of,
)
from twistedmq.broker.send.counting import SendCounting
from twistedmq.broker.send.gathering import GatheredRead, SendGatherer
from twistedmq.broker.send.selection import merged, select
from twistedmq.config.broker import BrokerIdentity, SendConfig
from twistedmq.config.live import Live
from twistedmq.protocol import properties as props
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import ServiceUnavailableError, TwistedMQError
from twistedmq.protocol.names import is_dlq_topic
from twistedmq.protocol.send_decoding import DecodedSends, SendDecoder
from twistedmq.remoting.interfaces import BatchTable, IConnection
from twistedmq.store.interfaces import IMessageStore, StoreFullError

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
        self._new_unique_id = new_unique_id
        self._counting = SendCounting(counters)
        self._throughput = counters.throughput
        self._answers = SendAnswers(
            store=store,
            identity=identity,
            packed_host=packed_host,
            counting=self._counting,
            throughput=counters.throughput,
            clock=clock,
            config=config,
        )
        self._settled = settled
        self._quotas: Quotas | None = None
        self._closed: TwistedMQError | None = None
        self._gatherer = SendGatherer(clock, self._serve_gathered)
        self._take_names(identity.value)
        identity.subscribe(self._take_names)

    def _take_names(self, identity: BrokerIdentity) -> None:
        """Prepare what goes into every message."""
        cluster = {props.CLUSTER: identity.cluster_name}
        self._decoder = SendDecoder(
            props.format({**marks_of(identity), **cluster}),
            self._new_unique_id,
            SPECIAL_PROPERTIES,
            self._admission.batch_topics,
        )

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
            return self._answers.of_refused(sends)
        if self._closed is not None:
            return self._answers.refuse_all(sends, self._closed)
        if self._quotas is not None and self._quotas.are_on:
            sends = self._without(sends, self._quotas.exceeded(sends, connection))
        if sends.opaques and self._admission.is_plain(sends):
            if self._gatherer.is_alone(connection.packed_peer) or sends.refused:
                return self._store_and_answer(sends, None)
            return self._gatherer.add(sends)
        good = self._without(sends, self._admission.admit(sends))
        if not good.opaques:
            return self._answers.of_refused(good)
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
            return self._answers.refuse_all(sends, full(error))
        except TwistedMQError as error:
            if len(sends.opaques) == 1:
                return self._answers.refuse_all(sends, error)
            return self._store_one_by_one(sends)
        safe = self._store.safe(appended.end)  # first: it may take some time
        self._counting.stored(sends, appended)
        return self._answers.of_stored(safe, sends, appended, settled, began_s)

    def _serve_gathered(self, reads: list[GatheredRead]) -> None:
        """Store what several reads brought as one batch."""
        began_s = self._throughput.seconds()
        batch = merged([read.sends.batch for read in reads])
        try:
            appended = self._store.append(batch)
        except Exception:
            # Nothing was stored: each of them finds out for itself.
            for read in reads:
                answer_with(read.answers, self._store_and_answer, read.sends, None)
            return
        safe = self._store.safe(appended.end)
        self._answers.of_gathered(safe, reads, batch, appended, began_s)

    def _store_one_by_one(self, sends: DecodedSends) -> bytes | Deferred[bytes]:
        """Find the request that the store refuses; the others shall not suffer."""
        answers = [
            self._store_and_answer(select(sends, [request]), None)
            for request in range(len(sends.opaques))
        ]
        waiting = [a if isinstance(a, Deferred) else succeed(a) for a in answers]
        waiting.append(succeed(self._answers.of_refused(sends)))
        return gatherResults(waiting).addCallback(b"".join)
