import pytest
from client_kit import FakeCluster, StoppableClock, held, result_of
from twisted.internet.defer import CancelledError, Deferred

from twistedmq.client.errors import NotRunningError
from twistedmq.client.session import Session
from twistedmq.client.startable import Startable


class Thing(Startable):
    """Notes what is done with it; closing takes until ``may_close`` fires."""

    def __init__(self, cluster: FakeCluster) -> None:
        super().__init__(Session(cluster.settings()))
        self.events: list[str] = []
        self.may_close: Deferred[None] = Deferred()

    async def _start(self) -> None:
        self._running = True
        self.events.append("start")

    async def _close(self) -> None:
        self.events.append("close")
        await self.may_close
        await self._session.close(None)

    def _left(self, *, cleanly: bool) -> None:
        self.events.append("left cleanly" if cleanly else "left by an error")


@pytest.fixture
def thing(cluster: FakeCluster) -> Thing:
    return Thing(cluster)


def test_starting_gives_itself(thing: Thing) -> None:
    assert result_of(thing.start()) is thing


def test_all_who_close_it_wait_for_the_same_end(
    cluster: FakeCluster, thing: Thing
) -> None:
    result_of(thing.start())
    one, two = held(thing.close()), held(thing.close())
    assert (one, two) == ([], [])
    thing.may_close.callback(None)
    assert one == two == [None]
    assert result_of(thing.close()) is None
    assert thing.events == ["start", "close"]
    assert cluster.closed == 1


def test_what_does_not_run_need_not_be_closed(thing: Thing) -> None:
    assert result_of(thing.close()) is None
    result_of(thing.start())
    held(thing.close())
    assert thing.events == ["start", "close"]


def test_a_context_starts_and_closes(thing: Thing) -> None:
    async def use() -> None:
        async with thing as started:
            assert started is thing
            thing.events.append("in use")

    thing.may_close.callback(None)
    result_of(Deferred.fromCoroutine(use()))
    assert thing.events == ["start", "in use", "left cleanly", "close"]


def test_an_error_in_a_context_closes_and_goes_on(thing: Thing) -> None:
    async def use() -> None:
        async with thing:
            raise ValueError("no")

    thing.may_close.callback(None)
    with pytest.raises(ValueError, match="no"):
        result_of(Deferred.fromCoroutine(use()))
    assert thing.events == ["start", "left by an error", "close"]


def test_what_is_open_is_closed_at_a_shutdown(cluster: FakeCluster) -> None:
    reactor = StoppableClock()
    cluster.clock = reactor
    thing = Thing(cluster)
    assert not reactor.triggers
    result_of(thing.start())
    down = reactor.shut_down()
    reactor.advance(0)
    assert thing.events == ["start", "close"]
    assert not down
    thing.may_close.callback(None)
    reactor.advance(0)
    assert down


def test_what_is_closed_leaves_no_trigger(cluster: FakeCluster) -> None:
    reactor = StoppableClock()
    cluster.clock = reactor
    thing = result_of(Thing(cluster).start())
    assert len(reactor.triggers) == 1
    thing.may_close.callback(None)
    result_of(thing.close())
    assert not reactor.triggers


class Slow(Thing):
    """Starts when ``may_start`` fires."""

    def __init__(self, cluster: FakeCluster) -> None:
        super().__init__(cluster)
        self.may_start: Deferred[None] = Deferred()
        self.may_close.callback(None)

    async def _start(self) -> None:
        self.events.append("begin")
        await self.may_start
        await super()._start()


def test_who_starts_it_again_waits_for_the_same_start(cluster: FakeCluster) -> None:
    slow = Slow(cluster)
    one, two = held(slow.start()), held(slow.start())
    slow.may_start.callback(None)
    assert one == two == [slow]
    assert result_of(slow.start()) is slow
    assert slow.events == ["begin", "start"]


def test_a_start_that_fails_leaves_nothing_open_and_all_hear_of_it(
    cluster: FakeCluster,
) -> None:
    slow = Slow(cluster)
    heard = held(slow.start()), held(slow.start())
    slow.may_start.errback(ValueError("no"))
    assert [each[0].value.args for each in heard] == [("no",)] * 2
    assert slow.events == ["begin", "close"]
    assert cluster.closed == 1


def test_closing_while_it_starts_ends_the_start(cluster: FakeCluster) -> None:
    slow = Slow(cluster)
    started = held(slow.start())
    assert result_of(slow.close()) is None
    [failure] = started
    assert str(failure.value) == "this Slow is closed: make a new one"
    assert slow.events == ["begin", "close"]


def test_closing_also_ends_a_start_that_cannot_be_cancelled(
    cluster: FakeCluster,
) -> None:
    slow = Slow(cluster)
    slow.may_start = Deferred(lambda waits: waits.callback(None))
    started = held(slow.start())
    assert result_of(slow.close()) is None
    assert started[0].check(NotRunningError)
    assert slow.events == ["begin", "start", "close"]


def test_a_start_that_is_cancelled_leaves_nothing_open(cluster: FakeCluster) -> None:
    slow = Slow(cluster)
    starting = slow.start()
    started = held(starting)
    starting.cancel()
    assert started[0].check(CancelledError)
    assert slow.events == ["begin", "close"]
    assert cluster.closed == 1


def test_what_is_closed_cannot_be_started_again(thing: Thing) -> None:
    thing.may_close.callback(None)
    result_of(thing.start())
    result_of(thing.close())
    with pytest.raises(NotRunningError, match="this Thing is closed: make a new one"):
        result_of(thing.start())
