import json
from argparse import Namespace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from client_kit import held
from groups_kit import BrokerCluster
from rmq_kit import printed
from twisted.internet.defer import CancelledError, Deferred

from twistedmq.app.rmq import make_parser
from twistedmq.app.rmq_dlq import dlq
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.testing.batches import Told

DLQ = "%DLQ%billing"


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = BrokerCluster()
    side = cluster.side
    side.topic("T", queues=1)
    for name in (DLQ, "%RETRY%billing"):
        side.topic(name, queues=1)
        cluster.topics[name] = {}
    side.append(
        *(
            Told(
                topic=DLQ,
                body=body,
                tag="new",
                unique_key=f"U{number}",
                more={"RETRY_TOPIC": "T"},
            )
            for number, body in enumerate((b"m0", b"m1", b"\xff\n"))
        )
    )
    side.groups.get("TOOLS_CONSUMER")
    return cluster


def said(cluster: BrokerCluster, *words: str) -> str:
    return printed(dlq, "dlq", cluster, *words)


def replaying(cluster: BrokerCluster, *words: str) -> tuple[Any, list[Any], StringIO]:
    options: Namespace = make_parser().parse_args(["dlq", "replay", "billing", *words])
    options.settings = cluster.settings()
    out = StringIO()
    running = Deferred.fromCoroutine(dlq(cluster.clock, options, out))
    return running, held(running), out


def replayed(cluster: BrokerCluster, *words: str) -> str:
    _, ended, out = replaying(cluster, *words)
    for _ in range(10):
        cluster.clock.advance(1)
    assert ended == [None]
    return out.getvalue()


def stored(cluster: BrokerCluster, topic: str) -> int:
    return cluster.side.store.queue_bounds(topic, 0)[1]


def test_they_are_counted(cluster: BrokerCluster) -> None:
    assert said(cluster, "ls") == (
        "GROUP    MESSAGES  NOT REPLAYED\nbilling  3         3\n"
    )
    rows = json.loads(said(cluster, "ls", "nobody", "billing", "--json"))
    assert [row["messages"] for row in rows] == [0, 3]


def test_they_are_shown(cluster: BrokerCluster) -> None:
    head, row, _, last = said(cluster, "show", "billing").splitlines()
    assert head.split() == [
        *("GIVEN", "UP", "ID", "TOPIC", "TAG", "KEYS", "RETRIES", "BODY")
    ]
    assert row.split()[2:] == ["U0", "T", "new", "-", "0", "m0"]
    assert last.endswith("\\xff\\n")
    assert said(cluster, "show", "billing", "--limit", "1").count("U") == 2
    lines = said(cluster, "show", "billing", "--json").splitlines()
    assert [json.loads(line).get("body") for line in lines] == ["m0", "m1", None]
    with pytest.raises(InvalidParameterError, match="'nobody' has given up nothing"):
        said(cluster, "show", "nobody")


def test_they_are_exported(cluster: BrokerCluster, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    told = said(cluster, "export", "billing", "--out", str(path))
    assert told == f"3 messages are in {path}\n"
    first, *_, last = map(json.loads, path.read_text().splitlines())
    assert (first["topic"], first["message_id"]) == ("T", "U0")
    assert last["body_base64"] == "/wo="
    assert said(cluster, "export", "billing").count("\n") == 3
    with pytest.raises(FileExistsError):
        said(cluster, "export", "billing", "--out", str(path))


def test_half_an_export_is_none(cluster: BrokerCluster, tmp_path: Path) -> None:
    cluster.refuse[RequestCode.PULL_MESSAGE] = (1, "no")
    with pytest.raises(RefusedError):
        said(cluster, "export", "billing", "--out", str(tmp_path / "out.jsonl"))
    assert list(tmp_path.iterdir()) == []


def test_each_is_replayed_once(cluster: BrokerCluster) -> None:
    told = said(cluster, "replay", "billing", "--dry-run")
    assert told == "3 messages would be replayed to group billing (--dry-run)\n"
    assert stored(cluster, "%RETRY%billing") == 0
    told = replayed(cluster, "--limit", "2")
    assert told == "2 messages were replayed to group billing\n"
    assert stored(cluster, "%RETRY%billing") == 2
    assert replayed(cluster).startswith("1 messages")
    assert replayed(cluster).startswith("0 messages")
    assert replayed(cluster, "--again").startswith("3 messages")
    assert stored(cluster, "%RETRY%billing") == 6


def test_some_are_chosen(
    cluster: BrokerCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    _, ended, out = replaying(cluster, *["--id", "U1", "--id", "U9", "--to-topic", "T"])
    cluster.clock.advance(1)
    assert ended[0].value.code == 1
    assert out.getvalue() == "1 messages were replayed to T\n"
    assert stored(cluster, "T") == 1
    assert "rmq: U9 is not among them" in capsys.readouterr().err
    # what was chosen says nothing of the others
    assert "billing  3         3" in said(cluster, "ls")


def test_no_more_a_second_than_asked_for(cluster: BrokerCluster) -> None:
    _, ended, _ = replaying(cluster, "--rate", "0.5")
    assert stored(cluster, "%RETRY%billing") == 1
    cluster.clock.advance(2)
    assert stored(cluster, "%RETRY%billing") == 2
    cluster.clock.advance(2)
    cluster.clock.advance(2)
    assert ended == [None]


def test_how_far_it_came_is_kept(cluster: BrokerCluster) -> None:
    running, ended, out = replaying(cluster, "--rate", "1")
    cluster.clock.advance(1)
    running.cancel()
    assert ended[0].check(CancelledError)
    assert out.getvalue() == "2 messages were replayed to group billing\n"
    assert "billing  3         1" in said(cluster, "ls")
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = (1, "no")
    _, ended, _ = replaying(cluster)
    assert "no" in ended[0].getErrorMessage()
    assert "billing  3         1" in said(cluster, "ls")


def test_ids_that_a_limit_left_out_are_not_called_missing(
    cluster: BrokerCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    told = replayed(cluster, "--id", "U0", "--id", "U1", "--limit", "1")
    assert told == "1 messages were replayed to group billing\n"
    assert capsys.readouterr().err == ""
