"""Members of a broadcasting group that change between a proxy and the broker."""

from typing import Any

from heartbeats import heartbeat, make_topic
from load import Sender
from processes import Line

from twistedmq.protocol.codes import RequestCode

TOPIC, GROUP = "Broadcast", "Broadcasters"
MESSAGES = 6


def prepare(address: str) -> None:
    make_topic(address, TOPIC, 1)
    sender = Sender(address, TOPIC, first=0, count=MESSAGES, queues=1, size=10)
    sender.start()
    sender.join()
    assert len(sender.acked) == MESSAGES


def pull(line: Line, offset: int, proxied: str | None = None) -> tuple[int, str]:
    """Pull two messages, as a proxy for *proxied* or as oneself."""
    fields = {
        "consumerGroup": GROUP,
        "topic": TOPIC,
        "queueId": "0",
        "queueOffset": str(offset),
        "maxMsgNums": "2",
        "sysFlag": "4",
        "commitOffset": "0",
        "suspendTimeoutMillis": "0",
        "subscription": "*",
        "subVersion": "1",
    }
    if proxied is not None:
        fields |= {"requestSource": "1", "proxyFrowardClientId": proxied}
    code, _, answer, _ = line.ask(RequestCode.PULL_MESSAGE, fields)
    return code, answer["nextBeginOffset"]


def story(address: str) -> list[Any]:
    """Give where each pull leads; code 21 is: go on there instead."""
    prepare(address)
    with Line(address) as member, Line(address) as proxy:
        code, remark, _, _ = member.ask(
            RequestCode.HEART_BEAT, body=heartbeat("c1", GROUP, TOPIC, "BROADCASTING")
        )
        assert code == 0, remark
        return [
            pull(proxy, -1, "new"),
            pull(proxy, 0, "new"),
            pull(proxy, -1, "new"),
            pull(member, 0),
            pull(member, 2),
            pull(member, 4),
            pull(proxy, -1, "c1"),
            pull(proxy, 4, "c1"),
            pull(proxy, 6, "c1"),
            pull(member, 2),
            pull(member, 6),
            pull(proxy, -1, "another"),
        ]


def test_members_go_on_where_the_genuine_broker_has_them(
    genuine: Any, ours: Any
) -> None:
    wanted = story(genuine.address)
    assert (21, "4") in wanted
    assert story(ours.address) == wanted
