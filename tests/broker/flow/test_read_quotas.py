from typing import Any

import pytest
from read_side import ReadSide
from twisted.internet.defer import Deferred

from twistedmq.broker.flow.rates import TooFastError
from twistedmq.broker.flow.read_holds import ReadHolds
from twistedmq.broker.flow.read_quotas import ReadGuard, ReadQuotas
from twistedmq.config.flow import FlowConfig
from twistedmq.config.live import Live
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import (
    NotificationRequestHeader,
    PopMessageRequestHeader,
    PullMessageRequestHeader,
)
from twistedmq.remoting.timer_wheel import TimerWheel
from twistedmq.testing.batches import Told
from twistedmq.testing.connections import FakeConnection, make_request

PULL, POP = RequestCode.PULL_MESSAGE, RequestCode.POP_MESSAGE


def a_pull(asked: int = 32, wait_ms: int = 0) -> PullMessageRequestHeader:
    return PullMessageRequestHeader(
        consumer_group="G",
        topic="T",
        queue_id=0,
        queue_offset=0,
        max_msg_nums=asked,
        sys_flag=0,
        commit_offset=0,
        suspend_timeout_millis=wait_ms,
        sub_version=0,
    )


class Limited:
    """Real pulls of a queue of ten messages, with limits, on a virtual clock."""

    def __init__(self, **limits: int) -> None:
        self.side = side = ReadSide()
        side.topic("T")
        side.heartbeat("G")
        for _ in range(10):
            side.append(Told(topic="T", body=b"x" * 10))
        self.config = Live(FlowConfig(**limits))
        self.quotas = ReadQuotas(side.topics, self.config, side.clock.seconds)
        self.holds = ReadHolds(TimerWheel(side.clock), side.limits)
        self.guard = ReadGuard(self.quotas, self.holds, self.config)
        self.client = FakeConnection()
        self.replies: list[Reply] = []

    def pull(self, asked: int = 32, client: FakeConnection | None = None) -> None:
        request = make_request(PULL, a_pull(asked), connection=client or self.client)
        reply = self.guard.guarded(self.side.handlers)[PULL](request)
        if isinstance(reply, Deferred):
            reply.addCallback(self.replies.append)
        else:
            self.replies.append(reply)

    def counts(self) -> list[int]:
        """Tell how many messages each answer held."""
        return [
            sum(bytes(part).count(b"x" * 10) for part in as_list(reply.body))
            for reply in self.replies
        ]


def as_list(body: Any) -> list[Any]:
    return body if isinstance(body, list) else [body]


def test_without_limits_nothing_is_asked() -> None:
    limited = Limited()
    assert not limited.quotas.are_on
    limited.pull()
    assert limited.counts() == [10]


def test_a_client_is_given_what_it_may_have_and_waits_for_more() -> None:
    limited = Limited(client_read_messages=4)
    limited.pull()
    assert limited.counts() == [4]
    limited.pull()
    assert limited.counts() == [4]
    limited.side.clock.advance(0.4)
    assert limited.counts() == [4, 1]
    limited.side.clock.advance(10)
    limited.pull(client=FakeConnection())
    assert limited.counts() == [4, 1, 4]
    shown = {s.labels[0]: s.value for s in limited.quotas.samples() if s.value}
    assert shown == {"clientMaxReadMessagesPerSecond": 1}


def test_bytes_have_a_limit_and_one_message_is_given_anyway() -> None:
    limited = Limited(topic_read_bytes=1)
    limited.pull()
    assert limited.counts() == [1]
    with pytest.raises(TooFastError) as refused:
        limited.pull(client=FakeConnection())
    assert refused.value.code == ResponseCode.SYSTEM_BUSY
    assert "topic T is over the limit topicMaxReadBytesPerSecond=1" in str(
        refused.value
    )


def test_the_rate_holds_however_many_wait() -> None:
    limited = Limited(topic_read_messages=5)
    limited.pull()
    for _ in range(4):
        limited.pull(client=FakeConnection())
    assert limited.counts() == [5]
    limited.side.clock.advance(0.3)
    assert limited.counts() == [5, 1, 1, 1, 1]
    limited.pull()
    limited.side.clock.advance(0.6)
    assert len(limited.replies) == 5
    limited.side.clock.advance(0.3)
    assert len(limited.replies) == 6


def test_who_would_wait_too_long_is_refused() -> None:
    limited = Limited(client_read_messages=1, longest_read_delay_ms=500)
    limited.pull()
    with pytest.raises(TooFastError, match="clientMaxReadMessagesPerSecond=1, try"):
        limited.pull()


def test_when_too_many_wait_the_next_is_refused() -> None:
    limited = Limited(client_read_messages=1)
    limited.side.limits.replace(max_held_pulls=0)
    limited.pull()
    with pytest.raises(TooFastError):
        limited.pull()


def test_what_comes_later_is_paid_for_as_well() -> None:
    limited = Limited(client_read_messages=4)
    later: Deferred[Reply] = Deferred()
    handle = limited.guard.guarded({POP: lambda _request: later})[POP]
    header = PopMessageRequestHeader(
        consumer_group="G", topic="T", queue_id=0, max_msg_nums=32, invisible_time=1,
        poll_time=1, born_time=1, init_mode=0,
    )  # fmt: skip
    handle(make_request(POP, header, connection=limited.client))
    assert header.max_msg_nums == 4
    later.callback(Reply(body=[b"\0\0\0\5x\0\0\0\4", b"\0\0\0\0"]))
    limited.config.replace(longest_read_delay_ms=0)
    limited.pull(asked=2)
    assert limited.counts() == [1]  # three of four are gone
    with pytest.raises(TooFastError):
        limited.pull()


def test_nobody_waits_for_longer_than_may_be() -> None:
    limited = Limited(longest_wait_ms=1000)
    seen: list[Any] = []

    def handler(request: Any) -> Reply:
        seen.append(request.header)
        return Reply()

    codes = (PULL, POP, RequestCode.NOTIFICATION)
    table = limited.guard.guarded(dict.fromkeys(codes, handler))
    for wait_ms in (10**18, 999):
        table[PULL](make_request(PULL, a_pull(wait_ms=wait_ms)))
        notification = NotificationRequestHeader(
            consumer_group="G", topic="T", queue_id=0, poll_time=wait_ms, born_time=1
        )
        table[RequestCode.NOTIFICATION](make_request(0, notification))
    waits = [
        getattr(header, "suspend_timeout_millis", getattr(header, "poll_time", None))
        for header in seen
    ]
    assert waits == [1000, 1000, 999, 999]


def test_other_requests_are_left_alone() -> None:
    def handler(_request: Any) -> Reply:
        return Reply()

    table = {RequestCode.HEART_BEAT: handler}
    assert Limited().guard.guarded(table) == table
