from typing import Any

import pytest
from read_side import ReadSide, genuine_answers
from twisted.internet.task import Clock

from twistedmq.broker.flow.cold_handlers import ColdHandlers, ColdReadError
from twistedmq.broker.flow.cold_reads import ColdReads
from twistedmq.config.flow import ColdConfig
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import ConsumeType
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.headers import PullMessageRequestHeader
from twistedmq.testing.connections import make_request

UPDATE = RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG
REMOVE = RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG
INFO = RequestCode.GET_COLD_DATA_FLOW_CTR_INFO
PULL = RequestCode.PULL_MESSAGE


class Cold:
    def __init__(self) -> None:
        self.side = ReadSide()
        self.reads = ColdReads(
            Live(ColdConfig(enabled=True)), Clock().seconds, self.side.wall_ms
        )
        self.handlers = ColdHandlers(self.reads, self.side.clients)
        self.asked_for: list[int] = []

    def ask(self, code: int, body: bytes = b"") -> Any:
        reply = self.handlers.table()[code](make_request(code, None, body))
        assert isinstance(reply, Reply)
        assert reply.code == ResponseCode.SUCCESS
        return loose_json.decode_any(bytes(reply.body)) if reply.body else None

    def pull(self) -> None:
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
        self.handlers.guarded({PULL: handler})[PULL](make_request(PULL, header))


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


@pytest.mark.parametrize("body", [b"G1=x", b"\xff=1", b"G1=1\nG2="])
def test_limits_that_cannot_be_read_change_nothing(body: bytes) -> None:
    cold = Cold()
    with pytest.raises(FieldError, match="cold read limits"):
        cold.ask(UPDATE, body)
    assert not cold.reads.limits


def test_a_pushed_consumer_is_told_to_wait() -> None:
    cold = Cold()
    cold.side.heartbeat("G", consume_type=ConsumeType.CONSUME_PASSIVELY)
    cold.pull()
    cold.reads.note("T", "G", 0, 10**9)
    with pytest.raises(ColdReadError) as refused:
        cold.pull()
    assert refused.value.code == ResponseCode.SYSTEM_BUSY
    assert cold.asked_for == [32]


def test_one_that_pulls_by_itself_is_given_one_message_at_a_time() -> None:
    cold = Cold()
    cold.side.heartbeat("G", consume_type=ConsumeType.CONSUME_ACTIVELY)
    cold.reads.note("T", "G", 0, 10**9)
    cold.pull()
    assert cold.asked_for == [1]
