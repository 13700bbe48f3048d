from twisted.internet.defer import Deferred, ensureDeferred

from twistedmq.broker.settling import done_once, settle
from twistedmq.protocol.command import Reply


def test_a_value_is_given_at_once() -> None:
    got: list[int] = []
    ensureDeferred(settle(7)).addCallback(got.append)
    assert got == [7]


def test_a_deferred_is_waited_for() -> None:
    got: list[int] = []
    later: Deferred[int] = Deferred()
    ensureDeferred(settle(later)).addCallback(got.append)
    assert got == []
    later.callback(8)
    assert got == [8]


def test_it_is_said_that_all_went_well_once_it_is_saved() -> None:
    assert done_once(None) == Reply()
    saved: Deferred[None] = Deferred()
    said: list[Reply] = []
    answer = done_once(saved)
    assert isinstance(answer, Deferred)
    answer.addCallback(said.append)
    assert said == []
    saved.callback(None)
    assert said == [Reply()]
