from typing import Any

import pytest
from read_side import ReadSide, genuine_answers
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.broker.flow.cold_handlers import HOLD_S, ColdHandlers, ColdReadError
from twistedmq.broker.flow.cold_reads import PERIOD_S, ColdReads
from twistedmq.broker.flow.read_holds import ReadHolds
from twistedmq.config.flow import ColdConfig
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import ConsumeType
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.headers import PullMessageRequestHeader
from twistedmq.remoting.timer_wheel import TimerWheel
from twistedmq.testing.connections import make_request

UPDATE = RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG
REMOVE = RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG
INFO = RequestCode.GET_COLD_DATA_FLOW_CTR_INFO
PULL = RequestCode.PULL_MESSAGE


class Cold:
    def __init__(self) -> None:
        self.side = ReadSide()
        self.clock = Clock()
        self.reads = ColdReads(
            Live(ColdConfig(enabled=True)), self.clock.seconds, self.side.wall_ms
        )
        holds = ReadHolds(TimerWheel(self.clock), self.side.limits)
        self.handlers = ColdHandlers(self.reads, holds, self.side.clients)
        self.asked_for: list[int] = []

    def ask(self, code: int, body: bytes = b"") -> Any:
        reply = self.handlers.table()[code](make_request(code, None, body))
        assert isinstance(reply, Reply)
        assert reply.code == ResponseCode.SUCCESS
        return loose_json.decode_any(bytes(reply.body)) if reply.body else None

    def pull(self) -> Reply | Deferred[Reply]:
        def handler(request: Any) -> Reply:
            self.asked_for.append(request.header.max_msg_nums)
            return Reply()

        header = PullMessageRequestHeader(
            consumer_group="G",
            topic="T",
            queue_id=0,
            queue_offset=0,
            max_msg_nums=32,
            sys_flag=0,
            commit_offset=0,
            suspend_timeout_millis=0,
            sub_version=0,
        )
        request = make_request(PULL, header)
        return self.handlers.guarded({PULL: handler})[PULL](request)


def test_limits_are_told_as_a_genuine_broker_tells_them() -> None:
    cold = Cold()
    cold.ask(UPDATE, b"G1=1024\n")
    (genuine, *_) = genuine_answers("get_cold_data_flow_ctr_info")
    assert cold.ask(INFO) == genuine["body_json"]
    cold.ask(REMOVE, b"G1")
    assert cold.ask(INFO)["configTable"] == {}


def test_what_a_group_has_read_is_told() -> None:
    cold = Cold()
    cold.reads.note("T", "G", 0, 77)
    assert cold.ask(INFO)["runtimeTable"]["G"]["coldAcc"] == 77


@pytest.mark.parametrize(
    "body",
    [b"G1=x", b"\xff=1", b"G1=1\nG2=", b"G1=1\nG2=-1", b"G1=9223372036854775808"],
)
def test_limits_that_cannot_be_read_change_nothing(body: bytes) -> None:
    cold = Cold()
    with pytest.raises(FieldError, match="cold read limits"):
        cold.ask(UPDATE, body)
    assert not cold.reads.limits.own


def test_a_pushed_consumer_is_told_to_wait() -> None:
    cold = Cold()
    cold.side.heartbeat("G", consume_type=ConsumeType.CONSUME_PASSIVELY)
    cold.pull()
    cold.reads.note("T", "G", 0, 10**9)
    with pytest.raises(ColdReadError) as refused:
        cold.pull()
    assert refused.value.code == ResponseCode.SYSTEM_BUSY
    assert cold.asked_for == [32]


def test_one_that_pulls_by_itself_waits_then_gets_one_message() -> None:
    cold = Cold()
    cold.side.heartbeat("G", consume_type=ConsumeType.CONSUME_ACTIVELY)
    cold.reads.note("T", "G", 0, 10**9)
    answered = cold.pull()
    assert isinstance(answered, Deferred)
    assert cold.asked_for == []
    cold.clock.advance(HOLD_S + 0.2)
    assert cold.asked_for == [1]
    assert [sample.value for sample in cold.reads.samples()] == [1]


def test_it_gets_what_it_asked_for_if_the_five_seconds_are_over_meanwhile() -> None:
    cold = Cold()
    cold.clock.advance(PERIOD_S - 1)
    cold.reads.note("T", "G", 0, 10**9)
    cold.pull()
    cold.clock.advance(HOLD_S + 0.2)
    assert cold.asked_for == [32]


def test_where_too_many_wait_it_gets_one_message_at_once() -> None:
    cold = Cold()
    cold.side.limits.replace(max_held_pulls=0)
    cold.reads.note("T", "G", 0, 10**9)
    cold.pull()
    assert cold.asked_for == [1]


def test_limits_that_adapt_are_told_and_can_be_taken_away() -> None:
    cold = Cold()
    cold.ask(UPDATE, b"G1||adaptive=1024\n")
    assert cold.ask(INFO)["configTable"] == {"G1||adaptive": 1024}
    cold.ask(REMOVE, b"G1||adaptive")
    assert cold.ask(INFO)["configTable"] == {}
