from random import Random

import pytest
from client_kit import FakeCluster, FakePool, held, result_of
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from twistedmq.client.errors import NoNameServerError
from twistedmq.client.interfaces import INameServerSource
from twistedmq.client.nameservers import NameServers
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command
from twistedmq.remoting.errors import ForkedError, RemotingError

LIST = RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER


@implementer(INameServerSource)
class Source:
    def __init__(self, *addresses: str, poll_s: float | None = 30.0) -> None:
        self.listed = list(addresses)
        self.poll_s = poll_s
        self.broken = False

    def addresses(self) -> Deferred[list[str]]:
        if self.broken:
            return fail(NoNameServerError("gone"))
        return succeed(list(self.listed))


def started(cluster: FakeCluster, clock: Clock, source: Source) -> NameServers:
    names = NameServers(source, FakePool(cluster), clock, Random(1))
    result_of(names.start())
    return names


def asked(cluster: FakeCluster) -> list[str]:
    return [address for address, code, _ in cluster.requests if code == LIST]


def test_the_one_that_answered_is_asked_again(
    cluster: FakeCluster, clock: Clock
) -> None:
    names = started(cluster, clock, Source("a:1", "b:1", "c:1", poll_s=None))
    for _ in range(5):
        result_of(names.ask(LIST))
    assert len(set(asked(cluster))) == 1


def test_the_next_one_is_asked_when_one_fails(
    cluster: FakeCluster, clock: Clock
) -> None:
    names = started(cluster, clock, Source("a:1", "b:1", poll_s=None))
    cluster.down.add("a:1")
    result_of(names.ask(LIST))
    cluster.down = {"b:1"}
    result_of(names.ask(LIST))
    assert set(asked(cluster)) == {"a:1", "b:1"}


def test_when_none_answers_all_are_named(cluster: FakeCluster, clock: Clock) -> None:
    names = started(cluster, clock, Source("a:1", "b:1", poll_s=None))
    cluster.down = {"a:1", "b:1"}
    with pytest.raises(NoNameServerError, match=r"a:1.*b:1|b:1.*a:1"):
        result_of(names.ask(LIST))


def test_without_addresses_nobody_is_asked(cluster: FakeCluster, clock: Clock) -> None:
    names = started(cluster, clock, Source(poll_s=None))
    with pytest.raises(NoNameServerError):
        result_of(names.ask(LIST))


def test_a_list_that_changes_is_followed(cluster: FakeCluster, clock: Clock) -> None:
    source = Source("a:1")
    names = started(cluster, clock, source)
    source.listed = ["b:1"]
    clock.advance(31)
    result_of(names.ask(LIST))
    assert asked(cluster) == ["b:1"]
    source.broken = True
    clock.advance(31)
    assert names.addresses == ["b:1"]
    names.stop()
    assert not clock.getDelayedCalls()


def test_all_can_be_asked(cluster: FakeCluster, clock: Clock) -> None:
    names = started(cluster, clock, Source("a:1", "b:1", poll_s=None))
    assert len(result_of(names.ask_all(LIST))) == 2
    cluster.down = {"b:1"}
    assert held(names.ask_all(LIST))[0].check(RemotingError)


def test_a_fork_is_not_taken_for_a_name_server_that_is_gone(
    cluster: FakeCluster, clock: Clock
) -> None:
    names = started(cluster, clock, Source("a:1", "b:1", poll_s=None))
    names._pool = Forked(cluster)
    with pytest.raises(ForkedError):
        result_of(names.ask(LIST))


class Forked(FakePool):
    def request(self, *_: object) -> Deferred[Command]:
        return fail(ForkedError(1))


def test_who_gives_up_asking_has_nobody_else_asked(
    cluster: FakeCluster, clock: Clock
) -> None:
    names = started(cluster, clock, Source("192.0.2.1:1", "192.0.2.2:1"))
    cluster.wait_for(LIST)
    asking = names.ask(LIST)
    results = held(asking)
    asking.cancel()
    assert results[0].check(CancelledError)
    assert len(asked(cluster)) == 1
