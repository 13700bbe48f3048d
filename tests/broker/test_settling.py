from twisted.internet.defer import Deferred, ensureDeferred

from twistedmq.broker.settling import settle


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
