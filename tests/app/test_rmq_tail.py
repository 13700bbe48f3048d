import json
from typing import Any

import pytest
from client_kit import FakeCluster
from rmq_kit import printed
from twisted.internet.task import Clock

from twistedmq.app.rmq_tail import tail
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.record import Record


def shown(cluster: FakeCluster, *arguments: str) -> list[str]:
    return printed(tail, "tail", cluster, *arguments).splitlines()


@pytest.fixture
def cluster() -> FakeCluster:
    cluster = FakeCluster(Clock())
    cluster.create("T", queues=1)
    cluster.put("T", "one", tag="a", KEYS="k1 k2", UNIQ_KEY="U", p="v")
    cluster.put("T", "zwölf\n\x1b[31m", tag="b")
    cluster.put("T", "three", tag="\x1b[2J", KEYS="\x07")
    cluster.append(MessageQueue("T", "broker-0", 0), Record(topic="", body=b"\xff"), {})
    return cluster


def test_messages_are_lines(cluster: FakeCluster) -> None:
    lines = shown(cluster, "T", "--from", "first", "--count", "4")
    assert lines[0].endswith(" broker-0/0@0 [a] #k1 #k2 one")
    assert lines[1].endswith(" broker-0/0@1 [b] zwölf\\n\\x1b[31m")
    assert lines[2].endswith(r" broker-0/0@2 [\x1b[2J] #\x07 three")
    assert lines[3].endswith(" broker-0/0@3 [] \\xff")


def test_messages_are_json(cluster: FakeCluster) -> None:
    lines = shown(cluster, "T", "--from", "first", "--count", "4", "--json")
    first, _, _, last = map(json.loads, lines)
    wanted: dict[str, Any] = {
        "topic": "T",
        "broker": "broker-0",
        "queue": 0,
        "offset": 0,
        "message_id": "U",
        "tag": "a",
        "keys": ["k1", "k2"],
        "properties": {"p": "v"},
        "body": "one",
    }
    assert wanted.items() <= first.items()
    assert last["body_base64"] == "/w=="


def test_without_a_word_it_begins_with_the_last_ten(cluster: FakeCluster) -> None:
    for number in range(20):
        cluster.put("T", f"m{number}")
    lines = shown(cluster, "T", "--count", "10")
    assert [line.split()[-1] for line in lines] == [f"m{n}" for n in range(10, 20)]


def test_a_short_queue_is_shown_from_its_beginning(cluster: FakeCluster) -> None:
    assert len(shown(cluster, "T", "--count", "3")) == 3


def test_a_tag_and_an_offset_may_be_chosen(cluster: FakeCluster) -> None:
    [line] = shown(cluster, "T", "--from", "1", "--count", "1", "--tag", "a || b")
    assert "zwölf" in line
    assert not cluster.committed
