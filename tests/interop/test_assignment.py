"""Queues shared out by the broker, as the genuine one does it, and its file."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any

from heartbeats import heartbeat, make_topic
from processes import Line, ask
from two_way import TwoWay

from twistedmq.protocol.codes import RequestCode

TOPIC, GROUP = "Shared", "Sharers"
MEMBERS = [f"member-{number}" for number in range(5)]
QUEUES = 12


def choose(address: str, topic: str, mode: str, share: int) -> None:
    choice = {
        "topic": topic,
        "consumerGroup": GROUP,
        "mode": mode,
        "popShareQueueNum": share,
    }
    code, remark, _, _ = ask(
        address, RequestCode.SET_MESSAGE_REQUEST_MODE, body=json.dumps(choice).encode()
    )
    assert code == 0, remark


def chosen(address: str) -> Any:
    code, remark, _, body = ask(address, RequestCode.GET_ALL_MESSAGE_REQUEST_MODE)
    assert code == 0, remark
    return json.loads(body)["messageRequestModeMap"]


def share(line: Line, member: str, strategy: str) -> list[tuple[int, str]] | None:
    wish = {
        "topic": TOPIC,
        "consumerGroup": GROUP,
        "clientId": member,
        "strategyName": strategy,
        "messageModel": "CLUSTERING",
    }
    body = json.dumps(wish).encode()
    code, remark, _, answer = line.ask(RequestCode.QUERY_ASSIGNMENT, body=body)
    assert code == 0, remark
    queues = json.loads(answer).get("messageQueueAssignments")
    if queues is None:
        return None
    return sorted((each["messageQueue"]["queueId"], each["mode"]) for each in queues)


def all_shares(address: str) -> Iterator[tuple[Any, Any]]:
    """Give every question and its answer."""
    make_topic(address, TOPIC, QUEUES)
    with ExitStack() as stack:
        lines = {name: stack.enter_context(Line(address)) for name in MEMBERS}
        for member, line in lines.items():
            code, remark, _, _ = line.ask(
                RequestCode.HEART_BEAT, body=heartbeat(member, GROUP, TOPIC)
            )
            assert code == 0, remark
        modes = [("PULL", 0), ("POP", 0), ("POP", 1), ("POP", 3), ("POP", 4)]
        for mode, number in modes:
            choose(address, TOPIC, mode, number)
            for strategy, member in product(("AVG", "AVG_BY_CIRCLE", "X"), MEMBERS):
                question = (mode, number, strategy, member)
                yield question, share(lines[member], member, strategy)
            question = (mode, number, "AVG", "stranger")
            yield question, share(lines[MEMBERS[0]], "stranger", "AVG")


def test_members_get_the_genuine_shares(genuine: Any, ours: Any) -> None:
    wanted = dict(all_shares(genuine.address))
    assert len(wanted) == 5 * (3 * 5 + 1)
    assert dict(all_shares(ours.address)) == wanted


def test_choices_go_both_ways(tmp_path: Path) -> None:
    both = TwoWay(tmp_path / "data", {})
    wanted: dict[str, Any] = {}

    def put(address: str, topic: str, mode: str, number: int) -> None:
        make_topic(address, topic, 1)
        choose(address, topic, mode, number)
        wanted[topic] = {
            GROUP: {
                "topic": topic,
                "consumerGroup": GROUP,
                "mode": mode,
                "popShareQueueNum": number,
            }
        }
        assert chosen(address) == wanted

    with both.ours() as broker:
        put(broker.address, "Mine", "POP", 3)
        put(broker.address, "Other", "POP", -1)
        broker.kill()  # what was acknowledged is on disk
    with both.genuine() as genuine:
        assert chosen(genuine.address) == wanted
        put(genuine.address, "Theirs", "PULL", 7)
        put(genuine.address, "Mine", "POP", 5)
    with both.ours() as broker:
        assert chosen(broker.address) == wanted
