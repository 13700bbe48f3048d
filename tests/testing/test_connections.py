from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from twistedmq.protocol.command import Command
from twistedmq.protocol.headers import NotifyConsumerIdsChangedRequestHeader
from twistedmq.remoting.errors import ConnectionLostError
from twistedmq.remoting.interfaces import IConnection
from twistedmq.testing.connections import FakeConnection, make_request


def outcome(deferred: Deferred) -> object:
    got: list[object] = []
    deferred.addBoth(got.append)
    return got[0]


def test_it_is_a_connection_and_keeps_what_is_sent():
    connection = FakeConnection("[2001:db8::1]:9")
    assert verifyObject(IConnection, connection)
    assert len(connection.packed_peer) == 20
    connection.write(b"frame")
    connection.send_one_way(40, None, b"x")
    assert connection.written == [b"frame"]
    assert connection.one_ways[0].code == 40


def test_the_test_answers_its_requests():
    connection = FakeConnection()
    answer = connection.request(34, None, b"", 3.0)
    connection.requests[0].answer.callback(Command(code=7))
    assert outcome(answer).code == 7


def test_closing_fails_what_waits_and_tells_who_wanted_to_know():
    connection, gone = FakeConnection(), []
    connection.on_close(gone.append)
    answer = connection.request(34, None, b"", 3.0)
    connection.close("enough")
    connection.close("again")
    assert outcome(answer).check(ConnectionLostError)
    assert gone == [connection]
    assert connection.close_reason == "enough"
    assert outcome(connection.request(34, None, b"", 3.0)).check(ConnectionLostError)


def test_a_request_can_be_made_from_its_header():
    header = NotifyConsumerIdsChangedRequestHeader(consumer_group="g")
    request = make_request(40, header, b"body", one_way=True)
    assert request.command.fields["consumerGroup"] == "g"
    assert request.command.is_one_way
    assert request.header is header
