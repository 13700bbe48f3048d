import json

import pytest
from admin_kit import AdminCluster, mqadmin, told

from twistedmq.protocol.bodies.entries import (
    ConsumeQueueData,
    QueryConsumeQueueResponseBody,
)
from twistedmq.protocol.bodies.subscriptions import SubscriptionData
from twistedmq.protocol.codes import RequestCode

ENTRY = ConsumeQueueData(physic_offset=260, physic_size=245, tags_code=7, eval=True)


@pytest.fixture
def cluster(cluster: AdminCluster) -> AdminCluster:
    cluster.create("T")
    cluster.answers[RequestCode.QUERY_CONSUME_QUEUE] = told(
        QueryConsumeQueueResponseBody(max_queue_index=1, queue_data=[ENTRY])
    )
    return cluster


def test_entries_are_shown(cluster: AdminCluster) -> None:
    assert mqadmin(cluster, "queryCq -t T -q 1 -i 5").lines == [
        "Queue data: ",
        "max: 1, min: 0",
        "======================================",
        "idx: 5",
        "ConsumeQueueData{physicOffset=260, physicSize=245, tagsCode=7, "
        "extendDataJson='null', bitMap='null', eval=true, msg='null'}",
        "======================================",
    ]
    [(address, header)] = cluster.asked(RequestCode.QUERY_CONSUME_QUEUE)
    assert address == cluster.addresses["broker-0"]
    assert (header.queue_id, header.index, header.count) == (1, 5, 10)


def test_what_a_group_wants_is_shown(cluster: AdminCluster) -> None:
    cluster.answers[RequestCode.QUERY_CONSUME_QUEUE] = told(
        QueryConsumeQueueResponseBody(
            subscription_data=SubscriptionData(topic="T", sub_string="*"),
            filter_data="null",
        )
    )
    said = mqadmin(cluster, "queryCq -t T -q 1 -i 5 -c 2 -b x:1 -g G").out
    assert said.startswith('Subscription data: \n{\n\t"classFilterMode":false,\n')
    assert "\n}\n======================================\nFilter data: \nnull\n=" in said
    [(address, header)] = cluster.asked(RequestCode.QUERY_CONSUME_QUEUE)
    assert (address, header.count, header.consumer_group) == ("x:1", 2, "G")
    said = mqadmin(cluster, "queryCq -t T -q 1 -i 5 -b x:1 --json").out
    assert json.loads(said)["subscription"] == "*"


def test_programs_get_entries(cluster: AdminCluster) -> None:
    told_of = json.loads(mqadmin(cluster, "queryCq -t T -q 1 -i 5 --json").out)
    assert (told_of["max_offset"], told_of["subscription"]) == (1, None)
    assert told_of["entries"] == [
        {
            "offset": 5,
            "physical_offset": 260,
            "size_bytes": 245,
            "tags_code": 7,
            "passes": True,
        }
    ]


def test_without_a_master_nobody_can_be_asked(cluster: AdminCluster) -> None:
    cluster.topics["T"] = {}
    assert mqadmin(cluster, "queryCq -t T -q 1 -i 5").status == 3
