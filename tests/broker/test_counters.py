import pytest
from twisted.internet.task import Clock

from twistedmq.broker.counters import BrokerCounters


def counters(clock: Clock | None = None) -> BrokerCounters:
    return BrokerCounters((clock or Clock()).seconds, "c1")


def total(counted: BrokerCounters, name: str, key: str) -> int | None:
    rates = counted.rates(name, key)
    return None if rates is None else rates[0].total


def test_topics_and_groups_are_told_apart() -> None:
    counted = counters()
    counted.sent("T", 6, 600)
    counted.pulled("T", "G", 3, 300)
    assert counted.put_per_second("T") == 0.6
    assert counted.got_per_second("G", "T") == 0.3
    assert counted.got_per_second("G2", "T") == 0.0
    assert total(counted, "TOPIC_PUT_NUMS", "T") == 6
    assert total(counted, "GROUP_GET_SIZE", "T@G") == 300
    assert counted.put.messages == 6
    assert counted.got.messages == 3


def test_averages_are_by_call() -> None:
    counted = counters()
    counted.sent_batch("T", [0, 100, 200], 300, [0, 1])
    counted.pulled("T", "G", 3, 300, 1, 7)
    rates = counted.rates("TOPIC_PUT_NUMS", "T")
    assert rates is not None
    assert rates[0].average == 1.5
    latency = counted.rates("GROUP_GET_LATENCY", "1@T@G")
    assert latency is not None
    assert (latency[0].total, latency[0].average) == (7, 7.0)
    broker = counted.rates("BROKER_PUT_NUMS", "c1")
    assert broker is not None
    assert (broker[0].total, broker[0].average) == (3, 0.0)  # as the genuine one


def test_sizes_are_sorted_by_their_bounds() -> None:
    counted = counters()
    counted.sent_batch("T", [0, 100, 300], 2000, [0, 1, 2])
    counted.sent_batch("T", [2000], 7000, [0])
    counted.sent_batch("T", [7000, 7100], 7200, [0])
    ((name, topic),) = counted.topics()
    assert name == "T"
    assert topic.distribution().counts == [4, 1, 1, 0, 0, 0, 0]
    assert topic.distribution().total == topic.bytes == 7200


def test_a_batch_over_several_topics_is_counted_by_topic() -> None:
    counted = counters()
    topics, queue_ids = ["A", "B", "A", "SCHEDULE_TOPIC_XXXX"], [0, 1, 0, 3]
    counted.sent_mixed(topics, [0, 100, 2100, 2300], 2400, queue_ids, 5)
    counted.sent_mixed(topics[:3], [2400, 2410, 2420], 2430, queue_ids[:3], 5)
    assert counted.put_ours.messages == 6
    assert counted.put_ours.bytes == 2330
    assert counted.put.messages == 7
    assert total(counted, "TOPIC_PUT_NUMS", "A") == 4
    assert total(counted, "TOPIC_PUT_SIZE", "A") == 320
    assert total(counted, "TOPIC_PUT_SIZE", "B") == 2010
    assert counted.put_per_second("SCHEDULE_TOPIC_XXXX") == 0.1
    sizes = {name: topic.distribution().counts[:2] for name, topic in counted.topics()}
    assert sizes == {"A": [4, 0], "B": [1, 1], "SCHEDULE_TOPIC_XXXX": [1, 0]}
    assert total(counted, "TOPIC_PUT_LATENCY", "1@B") == 10


def test_of_a_deleted_topic_nothing_comes_back() -> None:
    counted = counters()
    counted.sent_mixed(["A", "B"], [0, 10], 20, [0, 0])
    counted.forget_topic("A")
    assert [name for name, _ in counted.topics()] == ["B"]


@pytest.mark.parametrize(
    ("name", "key", "expected"),
    [
        ("GROUP_ACK_NUMS", "T@G", 5),
        ("BROKER_ACK_NUMS", "c1", 5),
        ("GROUP_CK_NUMS", "T@G", 2),
        ("BROKER_CK_NUMS", "c1", 2),
        ("SNDBCK_PUT_NUMS", "T@G", 2),
        ("DLQ_PUT_NUMS", "T@G", 1),
        ("QUEUE_PUT_NUMS", "T@3", 4),
        ("QUEUE_PUT_SIZE", "T@3", 40),
        ("QUEUE_GET_NUMS", "T@3@G", 6),
        ("GROUP_GET_FROM_DISK_NUMS", "T@G", 8),
        ("BROKER_GET_FROM_DISK_SIZE", "c1", 80),
        ("TOPIC_PUT_LATENCY", "3@T", 18),
        ("BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC", "c1", 2),
    ],
)
def test_each_thing_has_its_name_and_key(name: str, key: str, expected: int) -> None:
    counted = counters()
    counted.acked("T", "G", 5)
    counted.lent("T", "G", 2)
    counted.sent_back("T", "G", dead=False)
    counted.sent_back("T", "G", dead=True)
    counted.queue_put("T", 3, 4, 40)
    counted.queue_got("T", 3, "G", 6, 60)
    counted.read_from_disk("T", "G", 0, 8, 80)
    counted.sent_batch("T", [0, 20], 40, [3, 3], took_ms=9)
    counted.sent("SCHEDULE_TOPIC_XXXX", 1, 1)
    assert total(counted, name, key) == expected


def test_what_was_never_counted_is_unknown() -> None:
    counted = counters()
    assert counted.rates("TOPIC_PUT_NUMS", "TNope") is None
    counted.sent("T", 1, 1)
    assert counted.rates("TOPIC_PUT", "T") is None
    assert counted.rates("", "T") is None
    assert counted.rates("_NUMS", "T") is None


def test_a_deleted_topic_is_forgotten() -> None:
    counted = counters()
    for topic in ("T", "T2"):
        counted.sent(topic, 1, 1)
        counted.pulled(topic, "G", 1, 1, 0)
        counted.sent_back(topic, "G", dead=False)
        counted.sent_batch(topic, [0], 1, [0])
    counted.forget_topic("T")
    names = (("TOPIC_PUT_NUMS", "{}"), ("GROUP_GET_NUMS", "{}@G"))
    names += (("SNDBCK_PUT_NUMS", "{}@G"), ("GROUP_GET_LATENCY", "0@{}@G"))
    names += (("TOPIC_PUT_LATENCY", "0@{}"),)
    for name, key in names:
        assert counted.rates(name, key.format("T")) is None, name
        assert counted.rates(name, key.format("T2")) is not None, name
    assert [topic for topic, _, _ in counted.readers()] == ["T2"]


def test_a_deleted_group_is_forgotten() -> None:
    counted = counters()
    counted.sent("T", 1, 1)
    for group in ("G", "G2"):
        counted.pulled("T", group, 1, 1, 0)
        counted.acked("T", group, 1)
    counted.forget_group("G")
    for name, key in (("GROUP_GET_NUMS", "T@{}"), ("GROUP_ACK_NUMS", "T@{}")):
        assert counted.rates(name, key.format("G")) is None
        assert counted.rates(name, key.format("G2")) is not None
    assert total(counted, "TOPIC_PUT_NUMS", "T") == 1
    assert counted.rates("GROUP_GET_LATENCY", "0@T@G") is None


def test_a_counter_that_comes_again_begins_anew() -> None:
    counted = counters()
    counted.sent("T", 5, 5)
    counted.pulled("T", "G", 5, 5, 0)
    counted.acked("T", "G", 5)
    counted.forget_topic("T")
    counted.sent("T", 1, 1)
    counted.pulled("T", "G", 1, 1, 0)
    counted.acked("T", "G", 2)
    assert total(counted, "TOPIC_PUT_NUMS", "T") == 1
    assert total(counted, "GROUP_ACK_NUMS", "T@G") == 2
    assert total(counted, "GROUP_GET_NUMS", "T@G") == 1
    counted.forget_group("G")
    counted.acked("T", "G", 1)
    assert total(counted, "GROUP_ACK_NUMS", "T@G") == 1


def test_pops_are_forgotten_with_their_topic_and_group() -> None:
    counted = counters()
    for topic, group in (("T", "G"), ("T", "G2"), ("T2", "G")):
        counted.popped(topic, topic, group, 1, 10)
        counted.popped(topic, f"%RETRY%{group}_{topic}", group, 2, 20)
    counted.forget_topic("T2")
    counted.forget_group("G2")
    assert list(counted.pops()) == [("T", "G", False, 1, 10), ("T", "G", True, 2, 20)]
    assert total(counted, "GROUP_GET_NUMS", "T@G") == 1


def test_answers_that_took_no_time_count_as_well() -> None:
    counted = counters()
    counted.sent_batch("T", [0, 100], 200, [0, 0])
    counted.sent_batch("T", [200], 300, [1], took_ms=12)
    assert counted.rates("TOPIC_PUT_LATENCY", "2@T") is None
    counted.sent_batch("T", [300], 400, [1])
    counted.sent_batch("T", [400, 500], 600, [1, 1])
    for key, total_ms, average_ms in (("0@T", 0, 0), ("1@T", 12, 3)):
        rates = counted.rates("TOPIC_PUT_LATENCY", key)
        assert rates is not None
        assert (rates[0].total, rates[0].average) == (total_ms, average_ms)


@pytest.mark.parametrize("key", ["T", "x@T", "@T", "1@Nope", "-1@T", "0@T@G", ""])
def test_a_latency_is_asked_for_by_queue_and_topic(key: str) -> None:
    counted = counters()
    counted.sent_batch("T", [0], 300, [0])
    assert counted.rates("TOPIC_PUT_LATENCY", key) is None


def test_nobody_ever_counts_for_accounts() -> None:
    counted = counters()
    counted.sent_batch("T", [0], 300, [0])
    key = "Owner@T@G@SEND_SUCCESS"
    assert counted.rates("COMMERCIAL_SEND_TIMES", key) is None
