"""Transactions over a memory store, on a virtual clock and a virtual wall clock."""

from typing import Any

from write_side import HOST, NOW_MS, WriteSide, answers_in, send_frame

from twistedmq.broker.clients.consumer_group import Member
from twistedmq.broker.inner.diversion import Diversions
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.transactions.asking import ProducerAsker
from twistedmq.broker.transactions.check_back import CheckBack
from twistedmq.broker.transactions.checking import Rules
from twistedmq.broker.transactions.copies import HalfCopies
from twistedmq.broker.transactions.counts import TransactionCounts
from twistedmq.broker.transactions.ending import Endings
from twistedmq.broker.transactions.halves import HalfDiversion
from twistedmq.broker.transactions.handlers import TransactionHandlers
from twistedmq.broker.transactions.marks import EndMarks
from twistedmq.broker.transactions.progress import HalfProgress
from twistedmq.broker.transactions.putting_back import PuttingBack
from twistedmq.config.broker import OffsetConfig
from twistedmq.config.live import Live
from twistedmq.config.transactions import TransactionConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.codec import encode_request
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers import (
    CheckTransactionStateRequestHeader,
    EndTransactionRequestHeader,
)
from twistedmq.protocol.message_id import parse_offset_id
from twistedmq.protocol.names import HALF_TOPIC, OP_HALF_TOPIC, TRANSACTION_GROUP
from twistedmq.protocol.record import Record, decode_record, decode_records
from twistedmq.testing.connections import FakeConnection

COMMIT, ROLLBACK, UNKNOWN = 8, 12, 0


class TransactionSide:
    """The parts of a broker that transactions need."""

    def __init__(self, store: Any = None, *later: Any, **config: Any) -> None:
        self.now_ms = NOW_MS
        self.config = Live(TransactionConfig(**config))
        self.counts = TransactionCounts(lambda: self.now_ms)
        halves = HalfDiversion(
            self.config, "10.0.0.7", 32_767, self.counts.began, Diversions(later)
        )
        self.side = WriteSide(store=store, diversions=Diversions([halves, *later]))
        self.clock, self.store = self.side.clock, self.side.store
        self.inner = self.side.inner()
        self.copies = HalfCopies()
        self.marks = EndMarks(
            self.clock, self.inner, self.config, lambda: self.now_ms, HOST
        )
        self.endings = Endings(
            inner=self.inner,
            marks=self.marks,
            copies=self.copies,
            counts=self.counts,
            config=self.config,
            wall_ms=lambda: self.now_ms,
        )
        self.handlers = TransactionHandlers(
            store=self.store,
            endings=self.endings,
            inner=self.inner,
            counts=self.counts,
            clock=self.clock,
        )
        self.send = self.side.send_handlers()
        self.connection = FakeConnection()
        self.producer: Member | None = Member("c", self.connection, 0, 0, 0.0)
        self.offsets = OffsetTable(Live(OffsetConfig()), lambda: self.now_ms)
        asker = ProducerAsker(lambda group: self.producer, self.side.identity, HOST)
        self.check_back = CheckBack(
            clock=self.clock,
            wall_ms=lambda: self.now_ms,
            store=self.store,
            progress=HalfProgress(self.store, self.offsets),
            putting_back=PuttingBack(
                self.inner, self.side.topics, self.copies, self.counts, asker
            ),
            asker=asker,
            marks=self.marks,
            config=self.config,
            rules=lambda: Rules(
                self.config.value.timeout_ms,
                self.config.value.most_checks,
                keep_ms=72 * 3_600_000,
                properties_limit=32_767,
            ),
        )

    def begin(
        self, topic: str = "T", body: bytes = b"hello", **properties: str
    ) -> Record:
        """Send a half; gives it as it is stored."""
        wanted = {
            props.TRANSACTION_PREPARED: "true",
            props.UNIQ_KEY: "U1",
            props.PRODUCER_GROUP: "p",
            **properties,
        }
        frame = send_frame(
            topic,
            body,
            sys_flag=4,
            born_timestamp=self.now_ms,
            properties=props.format(wanted).decode(),
        )
        answers = self.send.serve([frame], self.connection)
        assert isinstance(answers, bytes)
        answer = answers_in(answers)[5]
        assert answer.code == 0, answer.remark
        _, physical_offset = parse_offset_id(answer.fields["msgId"])
        return decode_record(self.store.record_at(physical_offset))

    def end(self, half: Record, how: int = COMMIT, **changes: Any) -> Command | None:
        """End a transaction; gives the answer, if there was one."""
        answers = self.handlers.end([end_frame(half, how, **changes)], self.connection)
        self.clock.advance(0)
        if isinstance(answers, bytes):
            assert answers == b""
            return None
        assert answers.called
        return answers_in(answers.result)[6]  # type: ignore[arg-type]

    def let_pass(self, seconds: float) -> None:
        """Let both clocks go on, a second at a time and the turns in between."""
        whole, rest = divmod(seconds, 1)
        for step in [1.0] * int(whole) + [rest]:
            self.now_ms += round(step * 1000)
            self.clock.advance(step)
            self.clock.pump([0.0] * 8)

    def asked(self) -> list[CheckTransactionStateRequestHeader]:
        """Give what its producer was asked since the last call of this."""
        asked, self.connection.one_ways = self.connection.one_ways, []
        return [sent.header for sent in asked]  # type: ignore[misc]

    def progress(self) -> tuple[int, int]:
        """Give how far the halves and the op messages are dealt with."""
        return (
            self.offsets.query(TRANSACTION_GROUP, HALF_TOPIC, 0),
            self.offsets.query(TRANSACTION_GROUP, OP_HALF_TOPIC, 0),
        )

    def stored(self, topic: str, queue_id: int = 0) -> list[Record]:
        """Give what a queue holds."""
        found: list[Record] = []
        least, most = self.store.queue_bounds(topic, queue_id)
        while least < most:
            read = self.store.read_queue(
                topic, queue_id, least, 999, 1 << 20, None, None
            )
            found.extend(r for data in read.records for r in decode_records(data))
            least = read.next_offset
        return found

    def marks_written(self) -> list[bytes]:
        """Give the bodies of the op messages so far."""
        return [op.body for op in self.stored(OP_HALF_TOPIC)]


def end_frame(half: Record, how: int = COMMIT, flag: int = 0, **changes: Any) -> bytes:
    """Give the frame of an END_TRANSACTION without its length."""
    values: dict[str, Any] = {
        "producer_group": "p",
        "tran_state_table_offset": half.queue_offset,
        "commit_log_offset": half.physical_offset,
        "commit_or_rollback": how,
        "msg_id": "U1",
        "transaction_id": "U1",
    }
    header = EndTransactionRequestHeader(**values | changes)
    code = RequestCode.END_TRANSACTION
    return encode_request(code, 6, header, b"", flag=flag)[4:]
