"""Transactions over a memory store, on a virtual clock and a virtual wall clock."""

from typing import Any

from write_side import HOST, NOW_MS, WriteSide, answers_in, send_frame

from twistedmq.broker.inner.diversion import Diversions
from twistedmq.broker.transactions.copies import HalfCopies
from twistedmq.broker.transactions.counts import TransactionCounts
from twistedmq.broker.transactions.ending import Endings
from twistedmq.broker.transactions.halves import HalfDiversion
from twistedmq.broker.transactions.handlers import TransactionHandlers
from twistedmq.broker.transactions.marks import EndMarks
from twistedmq.config.live import Live
from twistedmq.config.transactions import TransactionConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.codec import encode_request
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers import EndTransactionRequestHeader
from twistedmq.protocol.names import HALF_TOPIC, OP_HALF_TOPIC
from twistedmq.protocol.record import Record, decode_records
from twistedmq.testing.connections import FakeConnection

COMMIT, ROLLBACK, UNKNOWN = 8, 12, 0


class TransactionSide:
    """The parts of a broker that transactions need."""

    def __init__(self, store: Any = None, *later: Any, **config: Any) -> None:
        self.now_ms = NOW_MS
        self.config = Live(TransactionConfig(**config))
        self.counts = TransactionCounts(lambda: self.now_ms)
        halves = HalfDiversion(self.config, "10.0.0.7", 32_767, self.counts.began)
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

    def begin(self, topic: str = "T", **properties: str) -> Record:
        """Send a half; gives it as it is stored."""
        wanted = {
            props.TRANSACTION_PREPARED: "true",
            props.UNIQ_KEY: "U1",
            props.PRODUCER_GROUP: "p",
            **properties,
        }
        frame = send_frame(
            topic,
            sys_flag=4,
            born_timestamp=self.now_ms,
            properties=props.format(wanted).decode(),
        )
        answers = self.send.serve([frame], self.connection)
        assert isinstance(answers, bytes)
        assert answers_in(answers)[5].code == 0, answers
        return self.stored(HALF_TOPIC)[-1]

    def end(self, half: Record, how: int = COMMIT, **changes: Any) -> Command | None:
        """End a transaction; gives the answer, if there was one."""
        answers = self.handlers.end([end_frame(half, how, **changes)], self.connection)
        self.clock.advance(0)
        if isinstance(answers, bytes):
            assert answers == b""
            return None
        assert answers.called
        return answers_in(answers.result)[6]  # type: ignore[arg-type]

    def stored(self, topic: str, queue_id: int = 0) -> list[Record]:
        """Give what a queue holds."""
        found = self.store.read_queue(topic, queue_id, 0, 999, 1 << 20, None, None)
        return [r for records in found.records for r in decode_records(records)]

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
