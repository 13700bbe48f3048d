import json

import pytest
from remoting_kit import commands, frame
from twisted.internet.defer import Deferred

from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import ONE_WAY_FLAG, Command, Reply
from twistedmq.protocol.errors import BusyError, FrameError
from twistedmq.protocol.headers import GetRouteInfoRequestHeader
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.testing.connections import FakeConnection

HEARTBEAT = RequestCode.HEART_BEAT
ROUTE = RequestCode.GET_ROUTEINFO_BY_TOPIC
SEND = RequestCode.SEND_MESSAGE_V2


def answer(dispatcher: Dispatcher, command: Command) -> list[Command]:
    buffers = dispatcher.answer(command, FakeConnection())
    assert isinstance(buffers, list)
    return commands(b"".join(buffers))


def test_a_handler_gets_the_typed_header_and_its_reply_is_encoded():
    seen = []

    def route(request):
        seen.append(request.header)
        return Reply(body=b"route", remark="here")

    request = Command(code=ROUTE, opaque=7, fields={"topic": "T"})
    (reply,) = answer(Dispatcher({ROUTE: route}), request)
    assert isinstance(seen[0], GetRouteInfoRequestHeader)
    assert seen[0].topic == "T"
    assert (reply.code, reply.opaque, reply.body) == (0, 7, b"route")
    assert reply.is_response
    assert reply.remark == "here"


def test_an_unknown_code_is_refused_with_code_3():
    (reply,) = answer(Dispatcher({}), Command(code=9999, opaque=5))
    assert reply.code == ResponseCode.REQUEST_CODE_NOT_SUPPORTED
    assert reply.remark == " request type 9999 not supported"
    assert reply.opaque == 5


def test_a_missing_or_wrong_field_is_refused_with_code_1_and_its_name():
    dispatcher = Dispatcher({ROUTE: lambda _: Reply()})
    (reply,) = answer(dispatcher, Command(code=ROUTE))
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert "topic" in reply.remark


def test_an_error_raised_on_purpose_gives_code_and_remark():
    def busy(_):
        raise BusyError("later, please")

    (reply,) = answer(Dispatcher({HEARTBEAT: busy}), Command(code=HEARTBEAT))
    assert (reply.code, reply.remark) == (ResponseCode.SYSTEM_BUSY, "later, please")


def test_any_other_error_is_logged_once_and_refused_with_code_1(logged_failures):
    (reply,) = answer(Dispatcher({HEARTBEAT: lambda _: 1 // 0}), Command(HEARTBEAT))
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert "ZeroDivisionError" in reply.remark
    (failure,) = logged_failures.flush(ZeroDivisionError)
    assert "test_dispatch" in failure.getTraceback()


@pytest.mark.parametrize(
    ("error", "code"), [(BusyError("no"), ResponseCode.SYSTEM_BUSY), (KeyError(1), 1)]
)
def test_a_deferred_reply_and_a_deferred_error(error, code, logged_failures):
    replies = [Deferred(), Deferred()]
    dispatcher = Dispatcher({HEARTBEAT: lambda r: replies[r.command.opaque]})
    written = []
    for opaque in (0, 1):
        result = dispatcher.answer(
            Command(code=HEARTBEAT, opaque=opaque), FakeConnection()
        )
        result.addCallback(lambda buffers: written.append(b"".join(buffers)))
    replies[1].errback(error)
    replies[0].callback(Reply(body=b"late"))
    refused, served = (commands(data)[0] for data in written)
    assert (refused.code, refused.opaque) == (code, 1)
    assert (served.code, served.body) == (0, b"late")
    assert len(logged_failures.flush(KeyError)) == (code == 1)


def test_a_one_way_request_gets_no_reply_whatever_happens(logged_failures):
    def handler(_):
        raise BusyError("no")

    dispatcher = Dispatcher({HEARTBEAT: lambda _: Reply(), ROUTE: handler})
    for code in (HEARTBEAT, ROUTE, 9999):
        assert answer(dispatcher, Command(code=code, flag=ONE_WAY_FLAG)) == []


def test_the_fast_port_refuses_its_codes_and_serves_the_others():
    table = {ROUTE: lambda _: Reply(), HEARTBEAT: lambda _: Reply()}
    fast = Dispatcher(table, {SEND: lambda f, c: b""}).refusing({ROUTE, SEND})
    assert answer(fast, Command(code=ROUTE))[0].code == 3
    assert answer(fast, Command(code=HEARTBEAT))[0].code == 0
    assert SEND not in fast.batches


def test_an_error_of_a_batch_is_the_answer_of_each_of_its_frames():
    def busy(frames, connection):
        raise BusyError("full")

    frames = [
        frame(SEND, 1)[4:],
        frame(SEND, 2, flag=ONE_WAY_FLAG)[4:],
        frame(SEND, 3)[4:],
    ]
    data = Dispatcher({}, {SEND: busy}).answer_batch(SEND, frames, FakeConnection())
    assert [(r.opaque, r.code) for r in commands(data)] == [(1, 2), (3, 2)]


def test_a_failed_batch_is_the_answer_of_each_of_its_frames(logged_failures):
    waiting = Deferred()
    dispatcher = Dispatcher({}, {SEND: lambda frames, connection: waiting})
    frames = [frame(SEND, n)[4:] for n in (4, 5)]
    result = dispatcher.answer_batch(SEND, frames, FakeConnection())
    written = []
    result.addCallback(written.append)
    waiting.errback(OSError("disk"))
    assert [r.opaque for r in commands(written[0])] == [4, 5]
    assert len(logged_failures.flush(OSError)) == 1


def test_a_frame_that_cannot_be_read_is_no_reply_but_the_end():
    def broken(frames, connection):
        return decode_command(frames[0])

    dispatcher = Dispatcher({}, {SEND: broken})
    with pytest.raises(FrameError):
        dispatcher.answer_batch(SEND, [b"\x00\xff\xff\xff"], FakeConnection())


def test_replies_are_in_json_even_to_a_binary_request():
    request = decode_command(frame(HEARTBEAT, serialization=1)[4:])
    assert request.serialization == 1
    data = b"".join(Dispatcher({}).answer(request, FakeConnection()))
    assert json.loads(data[8:])["code"] == 3
