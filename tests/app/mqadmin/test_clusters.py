import json
from io import StringIO

import pytest
from admin_kit import AdminCluster, mqadmin, told
from client_kit import WALL_MS, FakeCluster, held

from twistedmq.app.mqadmin import parsing, table
from twistedmq.app.mqadmin.main import run_verb
from twistedmq.app.mqadmin.times import in_china
from twistedmq.protocol.bodies.tables import KVTable
from twistedmq.protocol.codes import RequestCode

FIGURES = {
    "putTps": "12.345 1.0 0.5",
    "getTransferredTps": "3.0 2.0 1.0",
    "sendThreadPoolQueueSize": "0",
    "sendThreadPoolQueueHeadWaitTimeMills": "1",
    "pullThreadPoolQueueSize": "2",
    "pullThreadPoolQueueHeadWaitTimeMills": "3",
    "ackThreadPoolQueueSize": "4",
    "ackThreadPoolQueueHeadWaitTimeMills": "5",
    "pageCacheLockTimeMills": "0",
    "earliestMessageTimeStamp": f"{WALL_MS - 5_400_000}",
    "commitLogDiskRatio": "0.31256",
    "timerReadBehind": "7",
    "timerOffsetBehind": "8",
    "timerCongestNum": "12345",
    "timerEnqueueTps": "1.5",
    "timerDequeueTps": "2.5",
    "brokerActive": "true",
    "brokerVersionDesc": "V5_4_0",
    "msgPutTotalYesterdayMorning": "10",
    "msgPutTotalTodayMorning": "30",
    "msgPutTotalTodayNow": "35",
    "msgGetTotalYesterdayMorning": "1",
    "msgGetTotalTodayMorning": "2",
    "msgGetTotalTodayNow": "9",
}


@pytest.fixture
def cluster(cluster: AdminCluster) -> AdminCluster:
    cluster.answers[RequestCode.GET_BROKER_RUNTIME_INFO] = told(KVTable(table=FIGURES))
    return cluster


def test_the_load_is_shown_as_the_genuine_tool_does(cluster: AdminCluster) -> None:
    head, row = mqadmin(cluster, "clusterList").lines
    assert head == (
        "#Cluster Name           #Broker Name            #BID  #Addr                  "
        "#Version              #InTPS(LOAD)                   #OutTPS(LOAD)  "
        "#Timer(Progress)        #PCWait(ms)  #Hour         #SPACE    #ACTIVATED"
    )
    assert row == (
        "DefaultCluster          broker-0                0     192.0.2.10:10911       "
        "V5_4_0                12.35(0,1ms)               3.00(2,3ms|4,5ms)  "
        "7-8(1.2w, 1.5, 2.5)               0  1.50          0.3126          true"
    )


def test_totals_are_shown(cluster: AdminCluster) -> None:
    _, row = mqadmin(cluster, "clusterList -m").lines
    assert row.split() == ["DefaultCluster", "broker-0", "20", "1", "5", "7"]


def test_programs_get_numbers(cluster: AdminCluster) -> None:
    [row] = json.loads(mqadmin(cluster, "clusterList --json").out)
    assert (row["name"], row["broker_id"], row["answers"]) == ("broker-0", 0, True)
    assert (row["in_per_s"], row["commit_log_hours"]) == (12.345, 1.5)
    [row] = json.loads(mqadmin(cluster, "clusterList -m --json").out)
    assert (row["in_yesterday"], row["out_today"]) == (20, 7)


def test_an_empty_log_has_no_age(cluster: AdminCluster) -> None:
    figures = {**FIGURES, "earliestMessageTimeStamp": "-1"}
    cluster.answers[RequestCode.GET_BROKER_RUNTIME_INFO] = told(KVTable(table=figures))
    [row] = json.loads(mqadmin(cluster, "clusterList --json").out)
    assert row["commit_log_hours"] is None


def test_a_broker_that_does_not_answer_has_an_empty_row() -> None:
    cluster = AdminCluster(brokers=2)
    cluster.answers[RequestCode.GET_BROKER_RUNTIME_INFO] = told(KVTable(table=FIGURES))
    cluster.down.add("192.0.2.11:10911")
    said = mqadmin(cluster, "clusterList")
    assert said.status == 2
    assert said.err == (
        "mqadmin: broker-1: cannot connect to 192.0.2.11:10911: it is down\n"
    )
    assert "0.00(,ms|,ms)  0-0(0.0w, 0.0, 0.0) " in said.lines[2]
    assert said.lines[2].endswith("  0.00          0.0000         false")


def rounds(cluster: AdminCluster, line: str, seconds: list[float]) -> list[str]:
    """Give what clusterRT prints until that many seconds have gone by."""
    verb = table.find("clusterRT")
    assert verb is not None
    options = parsing.parse(verb, line.split())
    options.settings = cluster.settings()
    out = StringIO()
    running = run_verb(cluster.clock, verb, options, out)
    ended = held(running)
    cluster.clock.pump(seconds)
    running.cancel()
    assert ended
    return out.getvalue().splitlines()


def test_times_are_measured_again_and_again(cluster: AdminCluster) -> None:
    cluster.create("broker-0", queues=1)
    head, *rows = rounds(cluster, "-a 3 -s 5", [10, 10])
    assert head.split() == [
        *("#Cluster", "Name", "#Broker", "Name"),
        *("#RT", "#successCount", "#failCount"),
    ]
    assert [row.split() for row in rows] == [
        ["DefaultCluster", "broker-0", "0.00", "3", "0"]
    ] * 3
    assert FakeCluster.bodies(cluster, "broker-0") == [b"aaaaa"] * 9


def test_times_are_lines_for_logs(cluster: AdminCluster) -> None:
    cluster.create("broker-0", queues=1)
    [first, second] = rounds(cluster, "-a 1 -i 5 -p true", [5])
    assert first == f"{in_china(WALL_MS)}|noname|DefaultCluster|broker-0|NaN"
    assert second == f"{in_china(WALL_MS + 5000)}|noname|DefaultCluster|broker-0|NaN"


def test_what_does_not_come_through_is_counted(cluster: AdminCluster) -> None:
    cluster.auto_create = False
    [line, *_] = rounds(cluster, "-a 2 --json", [1] * 20)
    told_of = json.loads(line)
    assert (told_of["name"], told_of["sent"], told_of["failed"]) == ("broker-0", 0, 2)


def test_nothing_is_not_sent(cluster: AdminCluster) -> None:
    for wrong in ("-a 0", "-s 0"):
        assert mqadmin(cluster, f"clusterRT {wrong}").status == 1


def test_a_cluster_that_is_not_there_is_told(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, "clusterList -c nowhere")
    assert (said.status, len(said.lines)) == (3, 1)
    assert "there is no cluster 'nowhere', only DefaultCluster" in said.err
