from types import SimpleNamespace
from typing import Any

from twistedmq.client.pop_requests import PopRequestParts, PopRequests
from twistedmq.client.subscription import Subscription
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.running import ConsumerRunningInfo
from twistedmq.protocol.codes import RequestCode, ResponseCode

QUEUE = MessageQueue("T", "broker-0", -1)


class Everywhere:
    """One target, and how often it was looked at again."""

    looked = 0

    def current(self) -> list[MessageQueue]:
        return [QUEUE]

    def soon(self) -> None:
        self.looked += 1


def asked(code: int, targets: Any, group: str = "G") -> Any:
    wanted = [Subscription("T", "a || b")]
    requests = PopRequests(PopRequestParts("G", True, wanted, targets))
    request: Any = SimpleNamespace(header=SimpleNamespace(consumer_group=group))
    return requests.table()[code](request)


def test_a_change_of_the_group_is_looked_into() -> None:
    targets = Everywhere()
    assert asked(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, targets).code == 0
    assert targets.looked == 1


def test_it_tells_where_it_pops() -> None:
    reply = asked(RequestCode.GET_CONSUMER_RUNNING_INFO, Everywhere())
    info = loose_json.decode(reply.body, type=ConsumerRunningInfo)
    assert list(info.mq_pop_table) == [QUEUE]
    assert info.properties["PROP_CONSUME_TYPE"] == "CONSUME_POP"
    assert info.properties["PROP_CONSUMEORDERLY"] == "true"
    assert [each.sub_string for each in info.subscription_set] == ["a || b"]


def test_other_groups_are_not_here() -> None:
    reply = asked(RequestCode.GET_CONSUMER_RUNNING_INFO, Everywhere(), "other")
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert "'other' is not in this client" in reply.remark
