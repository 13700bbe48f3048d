import pytest
from remoting_kit import frame
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.protocol.codec import encode_reply
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.errors import TopicNotFoundError
from twistedmq.remoting.interfaces import Handler
from twistedmq.remoting.request_times import RequestTimes
from twistedmq.testing.connections import FakeConnection, make_request

PULL = RequestCode.PULL_MESSAGE
SEND = RequestCode.SEND_MESSAGE_V2


class Measured:
    def __init__(self) -> None:
        self.clock = Clock()
        self.times = RequestTimes(self.clock.seconds)

    def handler(self, code: int, handler: Handler) -> Handler:
        return self.times.handlers({code: handler})[code]

    def found(self) -> dict[tuple[str, ...], list[int]]:
        return {s.labels[1:]: s.value.counts for s in self.times.samples()}


@pytest.fixture
def measured() -> Measured:
    return Measured()


def test_a_request_is_counted_by_its_codes_and_time(measured: Measured) -> None:
    def handle(_: object) -> Reply:
        measured.clock.advance(0.004)
        return Reply()

    handler = measured.handler(RequestCode.HEART_BEAT, handle)
    assert handler(make_request(RequestCode.HEART_BEAT)).code == 0
    ((labels, counts),) = measured.found().items()
    assert labels == ("heart_beat", "success", "false", "success")
    assert counts == [0, 0, 1] + [0] * 7


def test_a_refusal_has_its_code(measured: Measured) -> None:
    def handle(_: object) -> Reply:
        raise TopicNotFoundError("T")

    handler = measured.handler(PULL, handle)
    with pytest.raises(TopicNotFoundError):
        handler(make_request(PULL))
    assert list(measured.found()) == [
        ("pull_message", "topic_not_exist", "false", "success")
    ]


def test_a_held_pull_is_told_apart(measured: Measured) -> None:
    answer: Deferred[Reply] = Deferred()
    reply = measured.handler(PULL, lambda _: answer)(make_request(PULL))
    measured.clock.advance(20)
    answer.callback(Reply(ResponseCode.PULL_NOT_FOUND))
    assert reply.result.code == ResponseCode.PULL_NOT_FOUND
    ((labels, counts),) = measured.found().items()
    assert labels == ("pull_message", "pull_not_found", "true", "success")
    assert counts[-1] == 1


def test_a_late_failure_is_counted_and_passed_on(measured: Measured) -> None:
    answer: Deferred[Reply] = Deferred()
    reply = measured.handler(PULL, lambda _: answer)(make_request(PULL))
    answer.errback(ZeroDivisionError())
    failures: list[object] = []
    reply.addErrback(failures.append)
    assert failures
    assert ("pull_message", "system_error", "false", "success") in measured.found()


def test_a_batch_is_counted_by_its_replies(measured: Measured) -> None:
    good = b"".join(encode_reply(Reply(), Command(code=0, opaque=1)))
    bad = b"".join(
        encode_reply(Reply(ResponseCode.SYSTEM_BUSY), Command(code=0, opaque=1))
    )
    late: Deferred[bytes] = Deferred()
    answers = iter([good * 2 + bad, b"", late])
    handler = measured.times.batches({SEND: lambda frames, _: next(answers)})[SEND]
    frames = [frame(SEND)] * 4
    assert handler(frames, FakeConnection()) == good * 2 + bad
    assert handler(frames[:1], FakeConnection()) == b""
    assert handler(frames[:1], FakeConnection()) is late
    measured.clock.advance(0.2)
    late.callback(good)
    numbers = {labels: sum(counts) for labels, counts in measured.found().items()}
    assert numbers == {
        ("send_message_v2", "success", "false", "success"): 3,
        ("send_message_v2", "system_busy", "false", "success"): 1,
        ("send_message_v2", "success", "false", "oneway"): 2,
    }


def test_a_code_that_is_not_known_is_a_number(measured: Measured) -> None:
    measured.handler(9999, lambda _: Reply(7777))(make_request(9999))
    assert list(measured.found()) == [("9999", "7777", "false", "success")]
