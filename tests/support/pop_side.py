"""A broker's side for consumers that pop: memory store, virtual clocks."""

from random import Random
from typing import Any

from read_side import ReadSide, refusal
from twisted.internet.defer import Deferred
from write_side import HOST

from twistedmq.broker.inner.diversion import Diversions
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.pop.ack_book import AckBook
from twistedmq.broker.pop.acked_queues import AckedQueues
from twistedmq.broker.pop.acking import Acking
from twistedmq.broker.pop.acks import AckHandlers
from twistedmq.broker.pop.checkpoints import ReviveMessages, SlotFor
from twistedmq.broker.pop.checks import PopChecks
from twistedmq.broker.pop.handlers import PopHandlers
from twistedmq.broker.pop.held import HeldPops
from twistedmq.broker.pop.in_flight import InFlight
from twistedmq.broker.pop.invisible import InvisibleTimeHandlers
from twistedmq.broker.pop.lending import Lending
from twistedmq.broker.pop.order import OrderTable
from twistedmq.broker.pop.order_wakes import OrderWakes
from twistedmq.broker.pop.peeking import PeekHandlers
from twistedmq.broker.pop.positions import Positions
from twistedmq.broker.pop.priorities import Priorities
from twistedmq.broker.pop.reader import PopReader
from twistedmq.broker.pop.retry_topics import RetryTopics
from twistedmq.broker.pop.revive_log import ReviveLog
from twistedmq.broker.pop.revive_service import ReviveService
from twistedmq.broker.pop.reviving import Reviving
from twistedmq.config.live import Live
from twistedmq.config.pop import PopConfig
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol.codec import decode_command, encode_request
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.framing import FrameDecoder
from twistedmq.protocol.headers import (
    AckMessageRequestHeader,
    ChangeInvisibleTimeRequestHeader,
    PopMessageRequestHeader,
)
from twistedmq.protocol.pop_handles import Handle, kind_of, parse_table
from twistedmq.protocol.record import Record, decode_records
from twistedmq.remoting.timer_wheel import TimerWheel
from twistedmq.store.interfaces import IMessageStore
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.connections import FakeConnection

REVIVE_TOPIC = "rmq_sys_REVIVE_LOG_C"
REVIVE_QUEUES = 2


class Lent:
    """One message that a pop gave, and its handle."""

    def __init__(self, record: Record, handle: str) -> None:
        self.record = record
        self.handle = handle
        self.body = record.body


class PopSide(ReadSide):
    """All parts of a broker that popping needs; the clocks go together."""

    def __init__(
        self,
        store: IMessageStore | None = None,
        slot_for: SlotFor = lambda deliver_ms, now_ms: None,
        **config: Any,
    ) -> None:
        super().__init__(store)
        self.config = Live(PopConfig(**config))
        self.queue_count = REVIVE_QUEUES
        self.timers = Live(TimerConfig())
        self.timers_behind_ms = 0
        self.inner = InnerWriter(self.store, self.counters, Diversions())
        self.wheel = TimerWheel(self.clock)
        self.held_pops = HeldPops(self.clock, self.wheel, self.store, self.config)
        self.messages = ReviveMessages(REVIVE_TOPIC, HOST, self.wall_ms, slot_for)
        self.book = AckBook(lambda: self.config.value.max_tracked)
        self.in_flight = InFlight(self.now_ms, self.counters)
        self.orders = OrderTable(self.wall_ms)
        self.order_wakes = OrderWakes(
            self.wheel,
            self.orders,
            self.wall_ms,
            self.held_pops.freed,
            lambda: self.config.value.notify_after_order,
        )
        self.positions = Positions(
            self.offsets,
            self.store,
            lambda: self.config.value.init_by_young_queue,
            self.orders.clear,
        )
        self.log = ReviveLog(self.clock, self.inner)
        self.checks = PopChecks(
            self.topics, self.groups, self.identity, self.timers, "127.0.0.1"
        )
        self.reader = PopReader(
            store=self.store,
            topics=self.topics,
            positions=self.positions,
            orders=self.orders,
            in_flight=self.in_flight,
            counters=self.counters,
            config=self.config,
            random=Random(7),
            wall_ms=self.wall_ms,
        )
        self.lending = Lending(
            log=self.log,
            messages=self.messages,
            book=self.book,
            positions=self.positions,
            in_flight=self.in_flight,
            order_wakes=self.order_wakes,
            identity=self.identity,
            config=self.config,
            revive_queue_count=self.queue_count,
        )
        pop = PopHandlers(
            checks=self.checks,
            asked=self.asked,
            priorities=Priorities(self.topics, self.groups),
            reader=self.reader,
            lending=self.lending,
            held=self.held_pops,
            wall_ms=self.wall_ms,
            seconds=self.clock.seconds,
        )
        self.acking = Acking(
            log=self.log,
            messages=self.messages,
            book=self.book,
            in_flight=self.in_flight,
            orders=self.orders,
            order_wakes=self.order_wakes,
            offsets=self.offsets,
            wake=self.held_pops.freed,
            revive_queue_count=self.queue_count,
        )
        queues = AckedQueues(self.topics, self.store)
        self.ack_handlers = AckHandlers(queues, self.acking)
        invisible = InvisibleTimeHandlers(
            queues=queues,
            offsets=self.offsets,
            log=self.log,
            messages=self.messages,
            book=self.book,
            acking=self.acking,
            orders=self.orders,
            order_wakes=self.order_wakes,
            wall_ms=self.wall_ms,
        )
        peek = PeekHandlers(
            checks=self.checks,
            store=self.store,
            topics=self.topics,
            positions=self.positions,
            counters=self.counters,
            config=self.config,
            random=Random(7),
        )
        self.reviving = Reviving(
            store=self.store,
            inner=self.inner,
            messages=self.messages,
            book=self.book,
            in_flight=self.in_flight,
            retry_topics=RetryTopics(
                self.topics, self.groups, self.offsets, self.config
            ),
            config=self.config,
            host=HOST,
            wall_ms=self.wall_ms,
        )
        self.revive = ReviveService(
            clock=self.clock,
            store=self.store,
            offsets=self.offsets,
            reviving=self.reviving,
            topic=REVIVE_TOPIC,
            queue_count=self.queue_count,
            config=self.config,
            delivered_ms=lambda: self.now_ms - self.timers_behind_ms,
        )
        for table in (pop.table(), self.ack_handlers.table(), invisible.table()):
            self.handlers.update(table)
        self.handlers.update(peek.table())
        self.connection = FakeConnection()

    def pass_time(self, seconds: float, step: float = 0.5) -> None:
        """Let both clocks go on."""
        for _ in range(round(seconds / step)):
            self.now_ms += round(step * 1000)
            self.clock.advance(step)
            for _ in range(4):
                self.clock.advance(0)

    def turn(self) -> None:
        """Let one turn of the reactor pass."""
        self.clock.advance(0)

    def send(
        self, *bodies: bytes, topic: str = "T", queue_id: int = 0, tag: str = ""
    ) -> None:
        """Store messages."""
        told = [Told(topic=topic, queue_id=queue_id, body=b, tag=tag) for b in bodies]
        self.store.append(batch_of(told))

    def pop_header(self, **fields: Any) -> PopMessageRequestHeader:
        """Give a pop of up to 32 messages of T, all queues, 10 s, without waiting."""
        values: dict[str, Any] = {
            "consumer_group": "G",
            "topic": "T",
            "queue_id": -1,
            "max_msg_nums": 32,
            "invisible_time": 10_000,
            "poll_time": 0,
            "born_time": self.now_ms,
            "init_mode": 0,
        }
        return PopMessageRequestHeader(**values | fields)

    def begin_pop(self, **fields: Any) -> list[Reply]:
        """Serve a pop; its answer appears in the list, in the next turn or later."""
        header = self.pop_header(**fields)
        return self.begin(RequestCode.POP_MESSAGE, header, connection=self.connection)

    def pop_reply(self, **fields: Any) -> Reply:
        """Serve a pop that is answered at once."""
        answers = self.begin_pop(**fields)
        self.turn()
        (reply,) = answers
        return reply

    def pop(self, **fields: Any) -> list[Lent]:
        """Give what a pop gets."""
        return lent(self.pop_reply(**fields))

    def ack_frames(self, *popped: Lent, **fields: Any) -> list[bytes]:
        """Give the frames of acks, without their lengths."""
        frames = []
        for opaque, each in enumerate(popped):
            values: dict[str, Any] = {
                "consumer_group": "G",
                "topic": topic_of(each),
                "queue_id": each.record.queue_id,
                "extra_info": each.handle,
                "offset": each.record.queue_offset,
            }
            header = AckMessageRequestHeader(**values | fields)
            frame = encode_request(RequestCode.ACK_MESSAGE, opaque, header)
            frames.append(frame[4:])
        return frames

    def ack(self, *popped: Lent, **fields: Any) -> list[Command]:
        """Acknowledge, all in one read; gives the answers by opaque."""
        replies = self.ack_handlers.ack(
            self.ack_frames(*popped, **fields), self.connection
        )
        done: list[bytes] = []
        if isinstance(replies, Deferred):
            replies.addCallback(done.append)
            replies.addErrback(lambda f: refusal(f.value) and done.append(b""))
            self.turn()
        else:
            done.append(replies)
        (data,) = done
        answers = map(decode_command, FrameDecoder(1 << 20).feed(data))
        return sorted(answers, key=lambda answer: answer.opaque)

    def hide(self, each: Lent, invisible_ms: int, **fields: Any) -> Reply:
        """Change the invisible time of one message."""
        values: dict[str, Any] = {
            "consumer_group": "G",
            "topic": topic_of(each),
            "queue_id": each.record.queue_id,
            "extra_info": each.handle,
            "offset": each.record.queue_offset,
            "invisible_time": invisible_ms,
        }
        header = ChangeInvisibleTimeRequestHeader(**values | fields)
        code = RequestCode.CHANGE_MESSAGE_INVISIBLETIME
        answers = self.begin(code, header, connection=self.connection)
        self.turn()
        (reply,) = answers
        return reply

    def kept(self) -> list[Record]:
        """Give what is in the revive topic."""
        records = []
        for queue_id in range(self.queue_count):
            read = self.store.read_queue(
                REVIVE_TOPIC, queue_id, 0, 10_000, 1 << 30, None, None
            )
            assert not isinstance(read, Deferred)
            for buffer in read.records:
                records += decode_records(buffer)
        return records


class _Open:
    """A store that is open already."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def start(self) -> None:
        """Leave it open."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def restarted(side: PopSide, committed: int) -> PopSide:
    """Give a broker over the store of *side*, with G at *committed* in T, queue 0."""
    side.revive.stopService()
    store: Any = _Open(side.store)
    again = PopSide(store=store)
    again.topic("T", 1)
    again.groups.get("G")
    again.offsets.commit("G", "T", 0, committed)
    return again


def topic_of(each: Lent) -> str:
    """Give the topic in which a message is acknowledged, as clients find it."""
    kind, group = each.handle.split(" ")[4], "G"
    topic = each.record.topic
    prefix = {"0": "", "1": f"%RETRY%{group}_", "2": f"%RETRY%{group}+"}[kind]
    return topic if topic.startswith("%") else prefix + topic


def lent(reply: Reply) -> list[Lent]:
    """Read the answer to a pop as a client does."""
    if reply.body == b"":
        return []
    assert isinstance(reply.body, list), reply
    fields = reply.header
    assert isinstance(fields, dict)
    starts = parse_table(fields["startOffsetInfo"])
    found = []
    for record in (r for buffer in reply.body for r in decode_records(buffer)):
        properties = dict(
            pair.split("\x01", 1)
            for pair in record.properties.decode().split("\x02")
            if pair
        )
        text = properties.get("POP_CK")
        if text is None:
            kind = kind_of(record.topic)
            handle = Handle(
                int(starts[f"{kind}@{record.queue_id}"]),
                int(fields["popTime"]),
                int(fields["invisibleTime"]),
                int(fields["reviveQid"]),
                kind,
                "broker-a",
            )
            text = handle.text(record.queue_id, record.queue_offset)
        found.append(Lent(record, text))
    return found
