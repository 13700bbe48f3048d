import pytest
from client_kit import FakeCluster, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.session import ClientSettings, Session, merged_settings
from twistedmq.protocol.bodies.clients import HeartbeatData
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.errors import UnsupportedCodeError
from twistedmq.protocol.headers.clients import UnregisterClientRequestHeader
from twistedmq.remoting.client import ClientPool
from twistedmq.remoting.interfaces import Request
from twistedmq.testing.connections import FakeConnection


def test_what_is_given_by_itself_goes_first() -> None:
    clock = Clock()
    merged = merged_settings(ClientSettings(nameservers="a:1"), "b:1", clock)
    assert (merged.nameservers, merged.reactor) == ("b:1", clock)
    assert merged_settings(ClientSettings(nameservers="a:1"), None, None).nameservers


def test_ids_of_messages_do_not_repeat(cluster: FakeCluster) -> None:
    next_id = Session(cluster.settings()).unique_ids()
    assert len({next_id() for _ in range(1000)}) == 1000


def test_closing_says_farewell_and_leaves_no_timer(
    cluster: FakeCluster, clock: Clock
) -> None:
    cluster.create("T")
    session = Session(cluster.settings())
    result_of(session.start())
    result_of(session.routes.get("T"))
    result_of(session.heartbeats(HeartbeatData, masters_only=True).start())
    farewell = UnregisterClientRequestHeader(
        client_id=session.client_id, producer_group="P"
    )
    result_of(Deferred.fromCoroutine(session.close(farewell)))
    assert cluster.codes().count(RequestCode.UNREGISTER_CLIENT) == 1
    assert cluster.closed == 1
    assert not clock.getDelayedCalls()


def test_requests_of_brokers_find_their_handler(clock: Clock) -> None:
    session = Session(ClientSettings(nameservers="192.0.2.1:1", reactor=clock))
    assert isinstance(session.pool, ClientPool)
    code = RequestCode.NOTIFY_CONSUMER_IDS_CHANGED
    request = Request(Command(code=code), None, FakeConnection())
    with pytest.raises(UnsupportedCodeError):
        session._serve(request)
    session.handlers = {code: lambda _: Reply(remark="here")}
    answer = session._serve(request)
    assert isinstance(answer, Reply)
    assert answer.remark == "here"
