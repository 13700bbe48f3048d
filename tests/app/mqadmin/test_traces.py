import json

import pytest
from admin_kit import mqadmin
from groups_kit import BrokerCluster
from verbs_kit import busy_cluster

from twistedmq.app.mqadmin.times import to_the_s
from twistedmq.protocol.names import TRACE_TOPIC
from twistedmq.testing.batches import Told

SEND = (
    "Pub\x011700000000000\x01r\x01shop\x01T\x01ID1\x01new\x01\x01h\x015\x0112\x010"
    "\x01OFF\x01true\x02"
)
HOW = ("#CostTimes", "#Status")
AFTER = "SubAfter\x01R{n}\x01ID1\x0130\x01{ok}\x01\x010\x011700000000130\x01{g}\x02"


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = busy_cluster()
    cluster.side.topic(TRACE_TOPIC, queues=1)
    bodies = [
        SEND,
        AFTER.format(n=1, ok="false", g="two"),
        AFTER.format(n=2, ok="true", g="one") + AFTER.format(n=3, ok="true", g="two"),
    ]
    cluster.side.append(
        *(Told(topic=TRACE_TOPIC, body=b.encode(), keys="ID1") for b in bodies)
    )
    return cluster


def row(*cells: str) -> str:
    widths = (10, 20, 20, 20, 10, 10)
    return " ".join(f"{c:{w}}" for c, w in zip(cells, widths, strict=True))


def test_sends_and_deliveries(cluster: BrokerCluster) -> None:
    head = row("#Type", "#ConsumerGroup", "#ClientHost", "#ConsumerTime", *HOW)
    done = to_the_s(1_700_000_000_130)
    assert mqadmin(cluster, "queryMsgTraceById -i ID1").lines == [
        row("#Type", "#ProducerGroup", "#ClientHost", "#SendTime", *HOW),
        row("Pub", "shop", "10.0.0.1", to_the_s(1_700_000_000_000), "12ms", "success"),
        "",
        head,
        row("Sub", "one", "10.0.0.1", done, "30ms", "success"),
        "",
        head,
        row("Sub", "two", "10.0.0.1", done, "30ms", "failed"),
        row("Sub", "two", "10.0.0.1", done, "30ms", "success"),
        "",
    ]
    found = json.loads(mqadmin(cluster, "queryMsgTraceById -i ID1 --json").out)
    assert [each["type"] for each in found] == ["Pub", *["SubAfter"] * 3]


def test_nobody_traced_it(cluster: BrokerCluster) -> None:
    assert mqadmin(cluster, "QueryMsgTraceById -i ID2").status == 3
    assert mqadmin(cluster, "queryMsgTraceById -i ID1 -t mine").status == 3
    assert mqadmin(cluster, "queryMsgTraceById -i ID1 -e 5").status == 3
