import json
from io import StringIO

import pytest
from client_kit import held
from monitor_kit import FIRST, WatchedCluster, hanging, info
from twisted.internet.defer import CancelledError

from twistedmq.app.mqadmin import parsing, table
from twistedmq.app.mqadmin.main import run_verb
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.offsets import OffsetMovedEvent
from twistedmq.protocol.bodies.subscriptions import SubscriptionData
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.names import OFFSET_MOVED_TOPIC

RULE = "=" * 41


@pytest.fixture
def cluster() -> WatchedCluster:
    return WatchedCluster()


def watched(cluster: WatchedCluster, *words: str) -> tuple[list[str], str]:
    """Run the verb for a moment; gives the lines and what went wrong."""
    verb = table.find("startMonitoring")
    assert verb is not None
    options = parsing.parse(verb, words)
    options.settings = cluster.settings()
    out, err = StringIO(), StringIO()
    running = run_verb(cluster.clock, verb, options, out, err)
    event = OffsetMovedEvent(
        consumer_group="billing", message_queue=FIRST, offset_request=3, offset_new=9
    )
    cluster.put(OFFSET_MOVED_TOPIC, bytes(loose_json.encode(event)).decode())
    ended = held(running)
    running.cancel()
    assert ended[0].check(CancelledError)
    return out.getvalue().splitlines(), err.getvalue()


def test_a_round_is_told_as_the_genuine_tool_writes_it(cluster: WatchedCluster) -> None:
    lines, err = watched(cluster)
    assert lines[:4] == [
        f"[MONITOR] {RULE}beginRound",
        "[MONITOR] reportUndoneMsgs: UndoneMsgs [consumerGroup=billing, "
        "topic=%RETRY%billing, undoneMsgsTotal=0, undoneMsgsSingleMQ=0, "
        "undoneMsgsDelayTimeMills=0]",
        "[MONITOR] reportUndoneMsgs: UndoneMsgs [consumerGroup=billing, topic=orders, "
        "undoneMsgsTotal=4, undoneMsgsSingleMQ=3, undoneMsgsDelayTimeMills=5000]",
        f"[MONITOR] {RULE}endRound",
    ]
    assert lines[4].startswith(
        "[MONITOR] reportDeleteMsgsEvent: DeleteMsgsEvent [offsetMovedEvent="
        "OffsetMovedEvent [consumerGroup=billing, messageQueue=MessageQueue "
        "[topic=orders, brokerName=broker-0, queueId=0], offsetRequest=3, "
        "offsetNew=9], eventTimestamp="
    )
    assert err == ""


def test_who_hangs_or_wants_something_else_is_told(cluster: WatchedCluster) -> None:
    cluster.infos = {
        "c1": hanging(),
        "c2": info(subscription_set=[SubscriptionData(topic="orders")]),
    }
    lines, _ = watched(cluster)
    notes = [line for line in lines if "[NOTIFY]" in line]
    lead = "[MONITOR]  [NOTIFY] reportConsumerRunningInfo: ConsumerGroup: billing, "
    assert notes == [
        f"{lead}Subscription different",
        f"{lead}ClientId: c1, c1 MessageQueue [topic=orders, brokerName=broker-0, "
        "queueId=0] can't consume for a while, maybe blocked, 120000ms",
    ]


def test_for_programs_an_event_is_a_line(cluster: WatchedCluster) -> None:
    cluster.infos = {"c1": hanging()}
    lines, _ = watched(cluster, "--json")
    retried, left, members, gone = map(json.loads, lines)
    assert (retried["event"], retried["total"]) == ("undone", 0)
    assert left == {
        "event": "undone",
        "group": "billing",
        "topic": "orders",
        "total": 4,
        "most_of_a_queue": 3,
        "delay_ms": 5000,
    }
    assert (members["event"], members["agree"]) == ("members", True)
    [line] = members["members"]["c1"]
    assert line.endswith("maybe blocked, 120000ms")
    assert gone["event"] == "offset_gone"
    assert (gone["topic"], gone["queue_id"], gone["given"]) == ("orders", 0, 9)


def test_what_cannot_be_asked_is_told_on_standard_error(
    cluster: WatchedCluster,
) -> None:
    cluster.refuse[RequestCode.GET_CONSUME_STATS] = ResponseCode.SYSTEM_BUSY, "busy"
    lines, err = watched(cluster)
    assert lines[:2] == [f"[MONITOR] {RULE}beginRound", f"[MONITOR] {RULE}endRound"]
    assert [line for line in err.splitlines() if "billing" in line] == [
        "mqadmin: billing: 192.0.2.10:10911 refused: SYSTEM_BUSY (2): busy"
    ]
