import json

import pytest
from admin_kit import AdminCluster, told
from rmq_kit import printed, printed_and_ended
from schedule_kit import DUE_MS, waiting_cluster

from twistedmq.app.rmq_schedule import schedule
from twistedmq.protocol.codes import RequestCode


def said(cluster: AdminCluster, *words: str) -> str:
    return printed(schedule, "schedule", cluster, "ls", *words)


def test_what_waits() -> None:
    lines = said(waiting_cluster()).splitlines()
    assert lines[0] == "BROKER    LEVEL  DELAY  WAITING  NEXT DUE"
    assert lines[1].startswith("broker-0  2      5s     2        20")
    assert lines[2].startswith("broker-0  3      10m    5        20")
    assert lines[3:5] == ["", "BROKER    TIMED FOR  WAITING  CHANGED"]
    assert lines[5].startswith("broker-0  orders     3        20")
    assert len(lines) == 6


def test_also_levels_in_which_nothing_waits() -> None:
    first = said(waiting_cluster(), "--all").splitlines()[1]
    assert first == "broker-0  1      1s     0        -"


def test_for_programs() -> None:
    found = json.loads(said(waiting_cluster(), "--json"))
    assert [each["level"] for each in found["levels"]] == [2, 3]
    assert found["levels"][0] == {
        "broker": "broker-0",
        "level": 2,
        "delay": "5s",
        "waiting": 2,
        "next_due_ms": DUE_MS + 3000,
    }
    [timed] = found["timed"]
    assert (timed["topic"], timed["waiting"]) == ("orders", 3)


def test_a_broker_that_is_away_leaves_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cluster = waiting_cluster()
    cluster.addresses["broker-9"] = "192.0.2.99:10911"
    cluster.down.add("192.0.2.99:10911")
    ended, out = printed_and_ended(schedule, "schedule", cluster, "ls")
    assert (ended, out.splitlines()) == (1, said(waiting_cluster()).splitlines())
    assert "broker broker-9 is left out" in capsys.readouterr().err


def test_nothing_waits() -> None:
    cluster = waiting_cluster()
    cluster.answers[RequestCode.GET_MAX_OFFSET] = told(offset="0")
    cluster.answers[RequestCode.GET_TIMER_METRICS] = told(b"{}")
    assert said(cluster) == "nothing waits\n"
