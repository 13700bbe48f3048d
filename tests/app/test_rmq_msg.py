import json

import pytest
from groups_kit import BrokerCluster
from rmq_kit import printed
from verbs_kit import UNIQUE, busy_cluster

from twistedmq.app.rmq_msg import msg
from twistedmq.protocol.names import TRACE_TOPIC
from twistedmq.testing.batches import Told

TRACES = (
    f"Pub\x011700000000000\x01r\x01shop\x01T\x01{UNIQUE}\x01new\x01\x01h\x015\x0112"
    "\x010\x01O\x01true\x02"
    f"SubBefore\x011700000000100\x01r\x01billing\x01R1\x01{UNIQUE}\x010\x01\x02"
    f"SubAfter\x01R1\x01{UNIQUE}\x0130\x01false\x01\x012\x011700000000130\x01billing\x02"
)


@pytest.fixture
def cluster() -> BrokerCluster:
    return busy_cluster()


def said(cluster: BrokerCluster, *words: str) -> str:
    return printed(msg, "msg", cluster, "explain", UNIQUE, "--topic", "T", *words)


def test_a_message_from_its_send_to_its_end(cluster: BrokerCluster) -> None:
    side = cluster.side
    side.topic(TRACE_TOPIC, queues=1)
    side.topic("%DLQ%billing", queues=1)
    side.append(Told(topic=TRACE_TOPIC, body=TRACES.encode(), keys=UNIQUE))
    side.now_ms += 10_000
    side.append(Told(topic="%RETRY%billing", unique_key=UNIQUE))
    side.append(Told(topic="%DLQ%billing", unique_key=UNIQUE))
    head, _, *events, _, group = said(cluster).splitlines()
    assert head == (f"message {UNIQUE} of topic T, tag new, keys k1 k2, 3 bytes")
    assert [event[25:] for event in events] == [
        "born at 10.0.0.1:12345",
        "stored in T@broker-a:0 offset 0",
        "sent by group shop, from 10.0.0.1 after 12 ms",
        "delivered to 10.0.0.1 of group billing, attempt 1",
        "failed in group billing after 30 ms: raised an error",
        "came back to group billing, %RETRY%billing@broker-a:0 offset 0, attempt 1",
        "given up by group billing, kept in %DLQ%billing@broker-a:0 offset 0: "
        "after 0 retries",
    ]
    assert group == "group billing is past it: consumed, given back or given up"


def test_what_cannot_be_seen_is_told(cluster: BrokerCluster) -> None:
    assert said(cluster).endswith(
        "No client traced it: of its deliveries, only those that failed can be seen.\n"
    )
    told = json.loads(said(cluster, "--json"))
    assert (told["traced"], told["groups"][0]["is"]) == (False, "CONSUMED")
    assert told["events"][0]["step"] == "born"
