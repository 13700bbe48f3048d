import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from client_kit import held
from groups_kit import BrokerCluster
from rmq_kit import printed
from twisted.internet.defer import Deferred
from verbs_kit import busy_cluster

from twistedmq.admin.errors import OffsetOutOfRangeError
from twistedmq.app.rmq import make_parser
from twistedmq.app.rmq_offsets import offsets
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import InvalidParameterError


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BrokerCluster:
    monkeypatch.chdir(tmp_path)
    cluster = busy_cluster()

    def serve(_: Any) -> Reply:
        return Reply(body=b"useServerSideResetOffset=true\n")

    cluster.side.handlers[RequestCode.GET_BROKER_CONFIG] = serve
    return cluster


def said(cluster: BrokerCluster, *words: str) -> str:
    return printed(offsets, "offsets", cluster, *words)


def test_how_far_a_group_is(cluster: BrokerCluster) -> None:
    assert said(cluster, "show", "billing", "T") == (
        "TOPIC  BROKER    QUEUE  COMMITTED  END  LAG  IN FLIGHT\n"
        "T      broker-a  0      1          2    1    0\n"
        "T      broker-a  1      0          1    1    0\n"
    )
    rows = json.loads(said(cluster, "show", "billing", "--json"))
    assert rows[0]["committed"] == 1
    with pytest.raises(InvalidParameterError, match="no broker knows group 'nobody'"):
        said(cluster, "show", "nobody")


def test_a_dry_run_changes_nothing(cluster: BrokerCluster, tmp_path: Path) -> None:
    words = ("reset", "billing", "T", "--to", "last", "--dry-run")
    assert said(cluster, *words) == (
        "TOPIC  BROKER    QUEUE  BEFORE  AFTER  SKIPS  REPEATS\n"
        "T      broker-a  0      1       2      1      0\n"
        "T      broker-a  1      -       1      1      0\n"
        "nothing was changed (--dry-run)\n"
    )
    assert cluster.side.offsets.query("billing", "T", 0) == 1
    assert list(tmp_path.iterdir()) == []


def test_there_and_back_again(cluster: BrokerCluster, tmp_path: Path) -> None:
    told = said(cluster, "reset", "billing", "T", "--to", "first")
    [path] = tmp_path.iterdir()
    assert told.endswith(f"the way back: rmq offsets undo {path.name}\ndone\n")
    assert cluster.side.offsets.query("billing", "T", 0) == 0
    told = said(cluster, "undo", path.name, "--dry-run")
    assert told.startswith("group billing, as it was on 20")
    assert told.endswith(
        "1 queues stay: the group had no offset there\n"
        "nothing was changed (--dry-run)\n"
    )
    assert said(cluster, "undo", path.name).endswith("done\n")
    assert cluster.side.offsets.query("billing", "T", 0) == 1


def test_the_way_back_is_not_written_over(
    cluster: BrokerCluster, tmp_path: Path
) -> None:
    path = tmp_path / "undo.json"
    path.write_text("mine")
    words = ("reset", "billing", "T", "--to", "first", "--undo-file", str(path))
    with pytest.raises(FileExistsError):
        said(cluster, *words)
    assert cluster.side.offsets.query("billing", "T", 0) == 1
    with pytest.raises(InvalidParameterError, match="is no undo file"):
        said(cluster, "undo", str(path))


@pytest.mark.parametrize("to", ["1", "2020-01-01T00:00"])
def test_other_places(cluster: BrokerCluster, to: str) -> None:
    told = said(cluster, "reset", "billing", "T", "--to", to, "--queue", "0")
    assert told.count("broker-a") == 1


def test_what_is_not_there(cluster: BrokerCluster) -> None:
    with pytest.raises(OffsetOutOfRangeError):
        said(cluster, "reset", "billing", "T", "--to", "9")
    with pytest.raises(InvalidParameterError, match="no queue 9"):
        said(cluster, "reset", "billing", "T", "--to", "0", "--queue", "9")
    with pytest.raises(InvalidParameterError, match="no queue 9 on broker 'broker-a'"):
        said(
            cluster,
            *[
                "reset",
                "billing",
                "T",
                "--to",
                "0",
                "--queue",
                "9",
                "--broker",
                "broker-a",
            ],
        )


def test_the_way_back_is_told_before_anything_can_fail(
    cluster: BrokerCluster, tmp_path: Path
) -> None:
    cluster.refuse[RequestCode.UPDATE_CONSUMER_OFFSET] = (1, "no")
    words = ["offsets", "reset", "billing", "T", "--to=first"]
    options = make_parser().parse_args(words)
    options.settings, out = cluster.settings(), StringIO()
    [ended] = held(Deferred.fromCoroutine(offsets(cluster.clock, options, out)))
    assert ended.check(RefusedError)
    [path] = tmp_path.iterdir()
    assert out.getvalue().endswith(f"the way back: rmq offsets undo {path.name}\n")


def test_a_group_that_is_new_is_told_to_be(cluster: BrokerCluster) -> None:
    told = said(cluster, *["reset", "biling", "T", "--to", "last", "--dry-run"])
    assert "group biling has consumed none of it yet\n" in told
