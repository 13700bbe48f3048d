from typing import Any

from client_kit import held, received
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from twistedmq.client.consuming import LotHandler, RetryLater, Workers, WorkRules
from twistedmq.client.inbox import Inbox
from twistedmq.client.message import ReceivedMessage

Lot = list[ReceivedMessage]


def text(lot: Lot) -> bytes:
    return b"".join(message.body for message in lot)


class Line:
    """An inbox with workers, and what became of messages."""

    def __init__(
        self, handler: LotHandler, concurrency: int = 2, lot_size: int = 1
    ) -> None:
        self.clock = Clock()
        self.inbox = Inbox()
        self.done: list[bytes] = []
        self.failed: list[tuple[bytes, Any]] = []
        self.refuses = False
        self.workers = Workers(
            self.inbox,
            handler,
            WorkRules(concurrency, lot_size),
            lambda lot: self.done.append(text(lot)),
            self._fail,
            self.clock,
        )
        self.workers.start()

    def _fail(self, lot: Lot, failure: Failure) -> Deferred[None]:
        self.failed.append((text(lot), failure.value))
        if self.refuses:
            raise OSError("no room")
        return succeed(None)

    def put(self, *bodies: str) -> None:
        self.inbox.put([received(body) for body in bodies])


def test_a_function_may_give_a_value() -> None:
    line = Line(lambda lot: None)
    line.put("a", "b", "c")
    assert line.done == [b"a", b"b", b"c"]


def test_a_function_may_give_a_deferred_and_only_so_many_are_in_work() -> None:
    pending: list[Deferred[None]] = []

    def handle(lot: Lot) -> Deferred[None]:
        pending.append(Deferred())
        return pending[-1]

    line = Line(handle)
    line.put("a", "b", "c")
    assert (len(pending), line.done) == (2, [])
    pending[1].callback(None)
    line.clock.advance(0)
    assert (len(pending), line.done) == (3, [b"b"])


def test_a_function_may_be_a_coroutine() -> None:
    async def handle(lot: Lot) -> None:
        await succeed(None)

    line = Line(handle)
    line.put("a")
    assert line.done == [b"a"]


def test_raising_and_failing_are_the_same() -> None:
    def handle(lot: Lot) -> Any:
        if lot[0].body == b"a":
            raise ValueError("now")
        later: Deferred[None] = Deferred()
        later.errback(ValueError("later"))
        return later

    line = Line(handle)
    line.put("a", "b")
    assert [body for body, _ in line.failed] == [b"a", b"b"]
    assert not line.done


def test_quick_functions_let_the_reactor_have_its_turn() -> None:
    line = Line(lambda lot: None)
    line.put(*map(str, range(100)))
    assert len(line.done) == 64
    line.clock.advance(0)
    assert len(line.done) == 100


def test_a_function_may_get_several_messages() -> None:
    line = Line(lambda lot: None, lot_size=3)
    line.put(*"abcdefgh")
    assert line.done == [b"abc", b"def", b"gh"]


def test_a_lot_is_of_one_queue() -> None:
    line = Line(lambda lot: None, lot_size=8)
    line.inbox.put([received("a"), received("b", queue_id=1), received("c")])
    assert line.done == [b"a", b"b", b"c"]


def test_stopping_waits_for_what_is_in_work() -> None:
    pending: Deferred[None] = Deferred()
    line = Line(lambda lot: pending, concurrency=1)
    line.put("a", "b")
    assert [text(work.lot) for work in line.workers.in_work] == [b"a"]
    stopped = held(line.workers.stop())
    assert not stopped
    pending.callback(None)
    line.clock.advance(0)
    assert stopped == [None]
    assert line.done == [b"a"]
    assert held(line.workers.stop()) == [None]


def test_a_wish_to_retry_has_a_level() -> None:
    assert RetryLater(3).delay_level == 3


def test_a_function_may_have_its_workers_stopped() -> None:
    stopped: list[Any] = []

    def handle(lot: Lot) -> None:
        stopped.append(held(line.workers.stop()))
        assert stopped == [[]]

    line = Line(handle)
    line.put("a", "b")
    assert stopped == [[None]]
    assert line.done == [b"a"]


def test_who_cannot_take_back_what_failed_leaves_nobody_waiting(
    logged_failures: Any,
) -> None:
    line = Line(lambda lot: fail(ValueError("bad")))
    line.refuses = True
    line.put("a", "b")
    assert not line.workers.in_work
    assert held(line.workers.stop()) == [None]
    assert len(logged_failures.flush(OSError)) == 2
