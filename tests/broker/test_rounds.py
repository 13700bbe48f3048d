from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.broker.rounds import RoundsService


class Rounds(RoundsService):
    def __init__(self) -> None:
        self.clock = Clock()
        super().__init__(self.clock, lambda: 2000)
        self.begun: list[float] = []
        self.rests = 0
        self.wait: Deferred[None] | None = None
        self.bug: Exception | None = None

    async def _go_round(self) -> None:
        self.begun.append(self.clock.seconds())
        if self.bug is not None:
            raise self.bug
        if self.wait is not None:
            await self.wait

    def _rest(self) -> None:
        self.rests += 1


def test_a_round_begins_a_pause_after_the_one_before() -> None:
    rounds = Rounds()
    rounds.startService()
    rounds.clock.pump([2, 2])
    assert rounds.begun == [2, 4]
    rounds.wait = Deferred()
    rounds.clock.pump([2, 10])
    assert rounds.begun == [2, 4, 6]
    rounds.wait.callback(None)
    rounds.clock.advance(2)
    assert rounds.begun == [2, 4, 6, 18]
    assert rounds.rests == 4


def test_a_stop_waits_for_the_round_and_begins_none() -> None:
    rounds = Rounds()
    rounds.startService()
    rounds.wait = Deferred()
    rounds.clock.advance(2)
    stopped = rounds.stopService()
    assert not stopped.called
    rounds.wait.callback(None)
    assert stopped.called
    assert not rounds.clock.getDelayedCalls()
    assert rounds.stopService().called


def test_a_bug_is_logged_and_the_next_round_comes(logged_failures: Any) -> None:
    rounds = Rounds()
    rounds.setName("revolving")
    rounds.startService()
    rounds.bug = ValueError("bug")
    rounds.clock.advance(2)
    rounds.bug = None
    rounds.clock.advance(2)
    assert rounds.begun == [2, 4]
    assert rounds.rests == 2
    assert len(logged_failures.flush(ValueError)) == 1


def test_others_are_let_in_between() -> None:
    rounds = Rounds()
    seen: list[object] = []
    done: Callable[[object], None] = seen.append
    rounds._let_others_in().addCallback(done)
    assert seen == []
    rounds.clock.advance(0)
    assert seen == [None]
