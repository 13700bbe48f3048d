from typing import Any

import pytest
from loads_kit import FIGURES

from twistedmq.admin.cluster import BrokerPlace
from twistedmq.admin.loads import BrokerLoad, load
from twistedmq.admin.samples import (
    BrokerSample,
    ClusterSample,
    GroupSample,
    TopicSample,
)

NOW_MS = 1_700_000_000_000


def sample(
    at_s: float = 0,
    name: str = "broker-a",
    broker_id: int = 0,
    figures: dict[str, Any] | None = None,
    **more: Any,
) -> BrokerSample:
    said = FIGURES | {key: str(value) for key, value in (figures or {}).items()}
    place = BrokerPlace("DefaultCluster", name, broker_id, f"{name}:10911")
    return BrokerSample(place=place, at_s=at_s, figures=said, **more)


def cluster(*brokers: BrokerSample, error: str | None = None) -> ClusterSample:
    return ClusterSample(NOW_MS, brokers, error)


def broker(then: BrokerSample | None, now: BrokerSample) -> BrokerLoad:
    before = None if then is None else cluster(then)
    [found] = load(before, cluster(now)).brokers
    return found


def puts(total: int, **more: Any) -> dict[str, Any]:
    return {"msgPutTotalTodayNow": total, **more}


def test_rates_are_what_was_added_between_two_samples() -> None:
    then = sample(1, figures=puts(100, msgGetTotalTodayNow=50, putMessageSizeTotal=0))
    now = sample(3, figures=puts(140, msgGetTotalTodayNow=50, putMessageSizeTotal=512))
    found = broker(then, now)
    assert (found.in_per_s, found.out_per_s, found.in_bytes_per_s) == (20, 0, 256)


def test_with_one_sample_a_broker_tells_its_own() -> None:
    found = broker(None, sample(figures=puts(100)))
    assert (found.in_per_s, found.out_per_s, found.in_bytes_per_s) == (1.5, 0.5, None)


def test_a_broker_that_was_restarted_has_no_negative_rate() -> None:
    then, now = sample(1, figures=puts(100)), sample(3, figures=puts(2))
    assert broker(then, now).in_per_s == 1.5
    assert broker(now, now).in_per_s == 1.5


def test_sizes() -> None:
    found = broker(None, sample())
    assert (found.log_bytes, found.disk_used_ratio) == (3072, 0.4)
    assert (found.version, found.problems, found.error) == ("V5_4_0", [], None)
    memory = broker(None, sample(figures={"commitLogDiskRatio": -1.0}))
    assert memory.disk_used_ratio is None
    silent = broker(None, BrokerSample(place=sample().place, at_s=1))
    assert (silent.log_bytes, silent.in_per_s, silent.version) == (None, None, None)
    odd = broker(None, sample(figures={"commitLogMinOffset": "?", "putTps": ""}))
    assert (odd.log_bytes, odd.in_per_s) == (None, None)


@pytest.mark.parametrize(
    ("figures", "problem"),
    [
        ({"brokerActive": "false"}, "not active"),
        ({"commitLogDiskRatio": 0.91}, "disk 91% full"),
        ({"putMessageFailedTimes": 3}, "2 writes failed"),
        ({"startAcceptSendRequestTimeStamp": NOW_MS + 1}, "takes no messages yet"),
        ({"sendThreadPoolQueueHeadWaitTimeMills": 250}, "sends wait 250 ms"),
        ({"pullThreadPoolQueueHeadWaitTimeMills": 7000}, "pulls wait 7000 ms"),
        ({"pageCacheLockTimeMills": 1500}, "page cache is busy"),
        ({"dispatchBehindBytes": 2**25}, "queues are 32 MiB behind the log"),
    ],
)
def test_what_somebody_should_look_at(figures: dict[str, Any], problem: str) -> None:
    then = sample(1, figures={"putMessageFailedTimes": 1})
    assert broker(then, sample(2, figures=figures)).problems == [problem]


def test_a_slave_is_not_active_and_that_is_no_problem() -> None:
    slave = sample(broker_id=1, figures={"brokerActive": "false"})
    assert broker(None, slave).problems == []


def test_a_broker_that_says_nothing() -> None:
    gone = sample(2, error="refused", is_registered=False)
    found = broker(sample(1), gone)
    assert (found.error, found.problems) == ("refused", ["not registered any more"])
    assert found.in_per_s is None
    # rates begin anew when it is back
    assert broker(gone, sample(3, figures=puts(100))).in_per_s == 1.5
    lost = sample(2, is_registered=False, incomplete="busy")
    assert broker(None, lost).problems == [
        "not registered any more",
        "topics and groups unknown: busy",
    ]


def topics(at_s: float, **stored: int) -> dict[str, TopicSample]:
    return {
        name.replace("RETRY_", "%RETRY%"): TopicSample(at_s, each)
        for name, each in stored.items()
    }


def test_a_topic_is_summed_up_over_its_brokers() -> None:
    before = cluster(
        sample(1, "a", topics=topics(1, orders=10)),
        sample(1, "b", topics=topics(1.5, orders=0, new=0)),
    )
    now = cluster(
        sample(2, "a", topics=topics(2, orders=30, new=5)),
        sample(2, "b", topics=topics(2.5, orders=5, new=1, RETRY_G=1, a=1)),
        sample(2, "c", error="refused"),
    )
    found = {each.topic: each for each in load(before, now).topics}
    assert found.keys() == {"orders", "new"}
    assert (found["orders"].brokers, found["orders"].in_per_s) == (2, 25)
    assert found["new"].in_per_s == 1
    assert {each.topic for each in load(before, now, system=True).topics} == {
        *("orders", "new", "a", "%RETRY%G")
    }
    assert all(each.in_per_s is None for each in load(None, now).topics)


def test_a_topic_that_was_made_anew_has_no_negative_rate() -> None:
    before = cluster(sample(1, topics=topics(1, orders=10)))
    now = cluster(sample(2, topics=topics(2, orders=3)))
    assert load(before, now).topics[0].in_per_s is None


def group(at_s: float, consumed: int, **lag: int) -> GroupSample:
    return GroupSample(
        at_s, consumed, {k.replace("RETRY_", "%RETRY%"): v for k, v in lag.items()}
    )


def test_a_group_is_summed_up_over_its_brokers() -> None:
    before = cluster(
        sample(1, "a", groups={"billing": group(1, 10, orders=9)}),
        sample(1, "b", groups={"billing": group(1, 10, orders=9)}),
    )
    now = cluster(
        sample(3, "a", groups={"billing": group(3, 20, orders=5, RETRY_billing=2)}),
        sample(
            3,
            "b",
            topics=topics(3, orders=9),
            groups={
                "billing": group(3, 14, orders=1, paid=1),
                "audit": group(3, 2, orders=7),
                "TOOLS_CONSUMER": group(3, 2, orders=7),
            },
        ),
    )
    audit, billing = load(before, now).groups
    assert (billing.group, billing.topics, billing.lag) == ("billing", 2, 9)
    assert (billing.retrying, billing.out_per_s) == (2, 7)
    assert (audit.group, audit.out_per_s, audit.lag) == ("audit", None, 7)
    assert len(load(before, now, system=True).groups) == 3
    [orders] = load(before, now).topics
    assert (orders.groups, orders.lag) == (2, 13)


def test_a_group_that_was_put_back_has_no_negative_rate() -> None:
    before = cluster(sample(1, groups={"billing": group(1, 10, orders=0)}))
    now = cluster(sample(2, groups={"billing": group(2, 0, orders=10)}))
    assert load(before, now).groups[0].out_per_s is None


def test_no_name_server_is_told() -> None:
    assert load(None, cluster(sample(), error="nobody")).error == "nobody"
