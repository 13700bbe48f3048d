import pytest
from remoting_kit import Rig, frame
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from twistedmq.protocol.codec import encode_command
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import ONE_WAY_FLAG, RESPONSE_FLAG, Command, Reply
from twistedmq.protocol.headers import NotifyConsumerIdsChangedRequestHeader
from twistedmq.protocol.signing import Credentials
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.errors import (
    ConnectionLostError,
    RequestTimeoutError,
    TooManyRequestsError,
)
from twistedmq.remoting.interfaces import IConnection
from twistedmq.remoting.limits import Limits

HEARTBEAT = RequestCode.HEART_BEAT
HEALTH = RequestCode.GET_BROKER_RUNTIME_INFO
SEND = RequestCode.SEND_MESSAGE_V2


def echo(request):
    return Reply(body=request.command.body)


@pytest.fixture
def rig() -> Rig:
    return Rig(Dispatcher({HEARTBEAT: echo}))


@pytest.fixture
def dropped():
    """What was logged as the reasons of closed connections."""
    events: list[LogEvent] = []
    globalLogPublisher.addObserver(events.append)
    yield lambda: [e["reason"] for e in events if "reason" in e]
    globalLogPublisher.removeObserver(events.append)


def response(opaque: int, code: int = 0, body: bytes = b"") -> bytes:
    return encode_command(
        Command(code=code, opaque=opaque, flag=RESPONSE_FLAG, body=body)
    )


def failure_of(deferred: Deferred) -> Failure:
    failures: list[Failure] = []
    deferred.addErrback(failures.append)
    assert failures, "it has not failed"
    return failures[0]


def result_of(deferred: Deferred) -> object:
    results: list[object] = []
    deferred.addCallback(results.append)
    assert results, "it has not fired"
    return results[0]


class TestServing:
    def test_it_is_a_connection_and_knows_its_addresses(self, rig):
        assert verifyObject(IConnection, rig.protocol)
        assert rig.protocol.peer == "192.0.2.1:4711"
        assert rig.protocol.local == "192.0.2.9:10911"
        assert rig.protocol.packed_peer == bytes([192, 0, 2, 1, 0, 0, 0x12, 0x67])

    def test_all_frames_of_a_read_are_answered_with_one_write(self, rig):
        data = b"".join(frame(HEARTBEAT, n, body=b"%d" % n) for n in range(5))
        replies = rig.receive(data)
        assert [(r.opaque, r.body) for r in replies] == [
            (n, b"%d" % n) for n in range(5)
        ]
        assert rig.transport.writes == 1

    def test_a_torn_frame_waits_for_its_rest(self, rig):
        data = frame(HEARTBEAT, 3, body=b"whole")
        for byte in data[:-1]:
            assert rig.receive(bytes([byte])) == []
        assert rig.receive(data[-1:])[0].body == b"whole"

    def test_what_stands_before_rubbish_is_answered(self, rig, dropped):
        replies = rig.receive(frame(HEARTBEAT, 3, body=b"good") + b"\xff" * 40)
        assert [(r.opaque, r.body) for r in replies] == [(3, b"good")]
        assert rig.transport.disconnecting
        assert len(dropped()) == 1

    def test_neighbours_of_a_batch_code_are_given_as_one(self):
        calls = []

        def batch(frames, connection):
            calls.append((len(frames), connection.peer))
            return b"".join(response(9) for _ in frames)

        rig = Rig(Dispatcher({HEARTBEAT: echo}, {SEND: batch}))
        replies = rig.receive(
            frame(SEND) * 3 + frame(HEARTBEAT, 7) + frame(SEND, serialization=1)
        )
        assert calls == [(3, rig.protocol.peer), (1, rig.protocol.peer)]
        assert [r.opaque for r in replies] == [9, 9, 9, 7, 9]
        assert rig.transport.writes == 1

    def test_a_batch_frame_whose_code_is_hard_to_see_is_given_alone(self):
        header = b'{"opaque":4,"code":310}'
        calls = []
        rig = Rig(Dispatcher({}, {SEND: lambda f, c: calls.append(f) or b""}))
        word = len(header).to_bytes(4)
        rig.receive((len(header) + 4).to_bytes(4) + word + header)
        assert calls == [[word + header]]

    def test_deferred_replies_are_written_when_they_fire(self):
        waiting = {n: Deferred() for n in range(3)}
        rig = Rig(Dispatcher({HEARTBEAT: lambda r: waiting[r.command.opaque]}))
        assert rig.receive(b"".join(frame(HEARTBEAT, n) for n in range(3))) == []
        waiting[2].callback(Reply(body=b"second"))
        waiting[0].callback(Reply(body=b"zeroth"))
        assert [r.body for r in rig.sent()] == [b"second", b"zeroth"]
        rig.lose()
        waiting[1].callback(Reply())
        assert rig.sent() == []

    def test_a_deferred_that_fired_already_leaves_with_the_others(self):
        def fired(_):
            reply = Deferred()
            reply.callback(Reply())
            return reply

        rig = Rig(Dispatcher({HEARTBEAT: fired}))
        assert len(rig.receive(frame(HEARTBEAT) * 4)) == 4
        assert rig.transport.writes == 1

    def test_one_way_requests_are_served_without_an_answer(self):
        served = []
        rig = Rig(Dispatcher({HEARTBEAT: lambda r: served.append(r) or Reply()}))
        assert rig.receive(frame(HEARTBEAT, flag=ONE_WAY_FLAG)) == []
        assert len(served) == 1

    def test_replies_before_a_broken_frame_are_sent_then_it_ends(self, rig):
        broken = (8).to_bytes(4) + b"\x00\x00\x00\x04{{{{"
        data = frame(HEARTBEAT, 1) + broken + frame(HEARTBEAT, 2)
        assert [r.opaque for r in rig.receive(data)] == [1]
        assert rig.transport.disconnecting
        assert rig.receive(frame(HEARTBEAT, 3)) == []

    def test_a_handler_may_close_the_connection(self, rig):
        def leave(request):
            request.connection.close("enough")
            return Reply()

        rig = Rig(Dispatcher({HEARTBEAT: echo, HEALTH: leave}))
        replies = rig.receive(frame(HEARTBEAT, 1) + frame(HEALTH, 2))
        assert [r.opaque for r in replies] == [1]
        assert rig.transport.disconnecting


class TestOwnRequests:
    def test_the_response_finds_its_request(self, rig):
        first = rig.protocol.request(HEARTBEAT, None, b"a", 3.0)
        second = rig.protocol.request(HEARTBEAT, None, b"b", 3.0)
        sent = rig.sent()
        assert [c.body for c in sent] == [b"a", b"b"]
        rig.receive(response(sent[1].opaque, 7, b"B") + response(sent[0].opaque))
        assert result_of(second).body == b"B"
        assert result_of(first).code == 0
        assert len(rig.wheel) == 1  # the idle check alone

    def test_a_typed_header_is_encoded(self, rig):
        header = NotifyConsumerIdsChangedRequestHeader(consumer_group="g")
        rig.protocol.send_one_way(40, header, b"")
        (sent,) = rig.sent()
        assert sent.is_one_way
        assert sent.fields["consumerGroup"] == "g"

    def test_a_response_with_the_number_of_a_batch_code_is_a_response(self):
        rig = Rig(Dispatcher({}, {10: lambda f, c: pytest.fail("not a request")}))
        answer = rig.protocol.request(HEARTBEAT, None, b"", 3.0)
        (sent,) = rig.sent()
        rig.receive(response(sent.opaque, 10))
        assert result_of(answer).code == 10

    def test_no_answer_in_time(self, rig):
        answer = rig.protocol.request(HEARTBEAT, None, b"", 3.0)
        (sent,) = rig.sent()
        rig.clock.advance(3.0)
        error = failure_of(answer).value
        assert isinstance(error, RequestTimeoutError)
        assert (error.request_code, error.timeout_s) == (HEARTBEAT, 3.0)
        assert rig.receive(response(sent.opaque)) == []  # too late, and no harm

    def test_a_peer_that_was_asked_and_says_nothing_is_gone(self, rig, dropped):
        held = rig.protocol.request(11, None, b"", 30.0)
        asked = rig.protocol.request(34, None, b"", 5.0)
        rig.clock.advance(5.5)
        assert isinstance(failure_of(asked).value, RequestTimeoutError)
        assert rig.transport.disconnecting
        assert not rig.protocol.is_open
        rig.lose()
        assert "said nothing for 5." in str(failure_of(held).value)

    def test_a_peer_that_says_anything_is_not(self, rig):
        rig.protocol.request(11, None, b"", 30.0).addErrback(lambda _: None)
        late = rig.protocol.request(34, None, b"", 5.0)
        rig.clock.advance(4)
        rig.receive(frame(200))
        rig.clock.advance(1.5)
        assert isinstance(failure_of(late).value, RequestTimeoutError)
        assert rig.protocol.is_open
        # from here on it is listened to anew
        later = rig.protocol.request(34, None, b"", 5.0)
        rig.clock.advance(5.5)
        assert isinstance(failure_of(later).value, RequestTimeoutError)
        assert not rig.protocol.is_open

    def test_who_is_impatient_drops_nobody(self, rig):
        asked = rig.protocol.request(34, None, b"", 0.5)
        rig.clock.advance(1)
        assert isinstance(failure_of(asked).value, RequestTimeoutError)
        assert rig.protocol.is_open

    def test_a_lost_connection_fails_all_that_wait_at_once(self, rig):
        answers = [rig.protocol.request(HEARTBEAT, None, b"", 3.0) for _ in range(3)]
        rig.lose()
        for answer in answers:
            assert failure_of(answer).check(ConnectionLostError)
        later = rig.protocol.request(HEARTBEAT, None, b"", 3.0)
        assert failure_of(later).check(ConnectionLostError)
        assert rig.clock.getDelayedCalls() == []

    def test_how_the_connection_was_lost_is_told(self, rig):
        answer = rig.protocol.request(HEARTBEAT, None, b"", 3.0)
        rig.protocol.connectionLost(Failure(ConnectionLost("reset")))
        assert "reset" in failure_of(answer).getErrorMessage()

    def test_no_more_than_the_limit_wait(self):
        rig = Rig(Dispatcher({}), Limits(max_pending_requests=2))
        kept = [rig.protocol.request(HEARTBEAT, None, b"", 3.0) for _ in range(2)]
        refused = rig.protocol.request(HEARTBEAT, None, b"", 3.0)
        assert failure_of(refused).check(TooManyRequestsError)
        assert len(rig.sent()) == 2
        rig.clock.advance(3)
        assert all(failure_of(answer) for answer in kept)

    def test_requests_made_while_answers_are_read_leave_together(self, rig):
        for _ in range(3):
            answer = rig.protocol.request(HEARTBEAT, None, b"", 3.0)
            answer.addCallback(lambda _: rig.protocol.send_one_way(1, None, b""))
        sent = rig.sent()
        before = rig.transport.writes
        assert len(rig.receive(b"".join(response(c.opaque) for c in sent))) == 3
        assert rig.transport.writes == before + 1


class TestClosing:
    def test_callbacks_are_called_once_and_late_ones_at_once(self, rig):
        gone = []
        rig.protocol.on_close(gone.append)
        rig.lose()
        rig.protocol.on_close(gone.append)
        assert gone == [rig.protocol, rig.protocol]

    def test_an_error_in_a_callback_stops_no_other(self, rig, logged_failures):
        gone = []
        rig.protocol.on_close(lambda _: 1 // 0)
        rig.protocol.on_close(gone.append)
        rig.lose()
        assert gone == [rig.protocol]
        assert len(logged_failures.flush(ZeroDivisionError)) == 1

    def test_a_silent_connection_is_closed_after_its_idle_time(self, rig):
        rig.clock.pump([1.0] * 120)
        assert not rig.transport.disconnecting
        rig.clock.pump([1.0] * 31)
        assert rig.transport.disconnecting
        rig.clock.advance(10)  # it does not go: the end
        assert rig.transport.disconnected

    def test_what_moves_is_not_idle(self, rig):
        for _ in range(10):
            rig.clock.pump([1.0] * 60)
            rig.receive(frame(HEARTBEAT))
        assert not rig.transport.disconnecting

    def test_idleness_can_be_allowed(self):
        rig = Rig(Dispatcher({}), Limits(idle_s=0))
        assert rig.clock.getDelayedCalls() == []

    def test_finishing_waits_for_the_replies_that_are_due(self):
        waiting = Deferred()
        rig = Rig(Dispatcher({HEARTBEAT: lambda _: waiting}))
        rig.receive(frame(HEARTBEAT))
        finished = []
        rig.protocol.finish().addCallback(finished.append)
        assert rig.transport.producerState == "paused"
        assert finished == []
        waiting.callback(Reply())
        assert len(rig.sent()) == 1
        assert finished == [None]


class TestBackPressure:
    def test_too_many_in_flight_pauses_reading_until_half_are_answered(self):
        waiting: list[Deferred] = []
        rig = Rig(
            Dispatcher(
                {HEARTBEAT: lambda _: waiting.append(Deferred()) or waiting[-1]}
            ),
            Limits(max_in_flight_requests=4),
        )
        rig.receive(frame(HEARTBEAT) * 4)
        assert rig.transport.producerState == "producing"
        rig.receive(frame(HEARTBEAT))
        assert rig.transport.producerState == "paused"
        for reply in waiting[:3]:
            reply.callback(Reply())
        assert rig.transport.producerState == "producing"

    def test_too_many_bytes_in_flight_pause_reading_as_well(self):
        waiting: list[Deferred] = []
        rig = Rig(
            Dispatcher(
                {}, {SEND: lambda f, c: waiting.append(Deferred()) or waiting[-1]}
            ),
            Limits(max_in_flight_bytes=10_000),
        )
        rig.receive(frame(SEND, body=bytes(6_000)))
        assert rig.transport.producerState == "producing"
        rig.receive(frame(SEND, body=bytes(6_000)))
        assert rig.transport.producerState == "paused"
        for reply in waiting:
            reply.callback(b"")
        assert rig.transport.producerState == "producing"

    def test_a_peer_that_does_not_read_is_not_read_from(self):
        rig = Rig(Dispatcher({HEARTBEAT: echo}), Limits(pause_at_unsent_bytes=1))
        rig.transport.bufferSize = 65_536
        rig.transport.producer.pauseProducing()  # as a transport with a long queue does
        assert rig.transport.producerState == "paused"
        rig.transport.producer.resumeProducing()
        assert rig.transport.producerState == "producing"
        assert len(rig.wheel) == 1  # the idle check alone

    def test_a_peer_that_takes_nothing_is_dropped(self, dropped):
        rig = Rig(Dispatcher({}), Limits(unsent_timeout_s=10))
        rig.transport.producer.pauseProducing()
        rig.clock.advance(9)
        assert not rig.transport.disconnected
        rig.clock.advance(1)
        assert rig.transport.disconnected
        assert dropped() == ["took nothing for 10 s"]

    def test_a_peer_that_lets_too_much_pile_up_is_dropped(self, dropped):
        rig = Rig(Dispatcher({}), Limits(max_unsent_bytes=100_000))
        rig.transport.producer.pauseProducing()
        rig.protocol.write(bytes(30_000))
        assert not rig.transport.disconnected
        rig.protocol.write(bytes(30_000))
        assert rig.transport.disconnected
        assert dropped() == ["more than 100000 bytes are not taken"]

    def test_both_reasons_must_be_gone_before_reading_goes_on(self):
        waiting: list[Deferred] = []
        rig = Rig(
            Dispatcher(
                {HEARTBEAT: lambda _: waiting.append(Deferred()) or waiting[-1]}
            ),
            Limits(max_in_flight_requests=1),
        )
        rig.receive(frame(HEARTBEAT) * 2)
        rig.transport.producer.pauseProducing()
        for reply in waiting:
            reply.callback(Reply())
        assert rig.transport.producerState == "paused"
        rig.transport.producer.resumeProducing()
        assert rig.transport.producerState == "producing"


def test_what_is_asked_is_signed_if_there_are_credentials() -> None:
    rig = Rig(Dispatcher({}), credentials=Credentials("alice", "alice-password"))
    header = NotifyConsumerIdsChangedRequestHeader(consumer_group="G")
    asked = rig.protocol.request(HEALTH, header, b"x", 1.0)
    asked.addErrback(lambda _: None)
    rig.protocol.send_one_way(HEALTH, None, b"")
    fields = [command.fields for command in rig.sent()]
    assert [each["AccessKey"] for each in fields] == ["alice", "alice"]
    unsigned = {"consumerGroup": "G"}
    assert fields[0] == Credentials("alice", "alice-password").sign(unsigned, b"x")
    assert fields[1]["Signature"] != fields[0]["Signature"]
