"""Names, kinds and labels of our figures beside those of a genuine broker."""

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from whole_broker import make_broker
from wire_vectors import catalogue

from twistedmq.broker.clients.consumer_group import Member
from twistedmq.metrics.registry import Family
from twistedmq.metrics.samples import Distribution
from twistedmq.protocol.bodies import ConsumerData, SubscriptionData, TopicConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command
from twistedmq.testing.connections import FakeConnection

GENUINE: dict[str, Any] = catalogue("metrics")["metrics"]

LEFT_OUT = {
    "rocketmq_processor_watermark": "there are no queues before thread pools",
    "rocketmq_topic_create_execution_time_milliseconds": "a table entry: no time",
    "rocketmq_pop_buffer_scan_time_consume_milliseconds": "no buffer is scanned",
    "rocketmq_pop_checkpoint_buffer_size": "pops have no such buffer",
    "rocketmq_pop_offset_buffer_size": "pops have no such buffer",
}
"""Genuine figures that are about something this broker does not have."""


@pytest.fixture
def families(tmp_path: Path) -> dict[str, Family]:
    """What a broker shows that has had one of each."""
    broker, store = make_broker(tmp_path, "metricsExporterType=PROM")
    for part in broker.services:
        if part.name == "reviving":
            part.service.startService()
    connection = FakeConnection()
    tables = broker.tables
    tables.topics.put(TopicConfig(topic_name="T"))
    tables.groups.get("G")
    tables.counters.sent("T", 1, 100)
    tables.counters.pulled("T", "G", 1, 100)
    member = Member("c", connection, 0, 493, 0.0)
    tables.clients.register_producer("P", member)
    wanted = [SubscriptionData(topic="T", sub_string="*")]
    tables.clients.register_consumer(
        ConsumerData(group_name="G", subscription_data_set=wanted),
        member,
        notify=False,
        without_topics=False,
    )
    asked = Command(code=RequestCode.GET_ALL_TOPIC_CONFIG, opaque=1)
    broker.dispatcher.answer(asked, connection)
    found: list[list[Family]] = []
    Deferred.fromCoroutine(broker.metrics.collect()).addCallback(found.append)
    store.stop()
    return {family.metric.name: family for family in found[0]}


def test_what_a_genuine_broker_shows_is_shown(families: dict[str, Family]) -> None:
    missing = GENUINE.keys() - families.keys() - LEFT_OUT.keys()
    # a memory store has no disk, and nothing has been stored
    missing -= {"rocketmq_storage_size_bytes"}
    missing -= {"rocketmq_storage_message_reserve_time_milliseconds"}
    assert not missing


def test_kinds_labels_and_bounds_are_the_same(families: dict[str, Family]) -> None:
    for name in GENUINE.keys() & families.keys():
        family, genuine = families[name], GENUINE[name]
        assert family.metric.kind == genuine["type"], name
        for labels, sample in family.samples:
            assert sorted(labels) == genuine["labels"], name
            if isinstance(sample.value, Distribution):
                bounds = [f"{float(bound)}" for bound in sample.value.bounds]
                assert [*bounds, "+Inf"] == genuine["bounds"], name


UNRECORDED = {
    "rocketmq_send_to_dlq_messages_total",
    "rocketmq_half_messages",
    "rocketmq_commit_messages_total",
    "rocketmq_rollback_messages_total",
    "rocketmq_finish_message_latency_milliseconds",
    "rocketmq_delay_message_latency_seconds",
    "rocketmq_timing_messages",
}
"""What a genuine broker shows only after something that was not recorded."""


def test_what_only_we_have_says_so(families: dict[str, Family]) -> None:
    named = {n for n in families if n.startswith("rocketmq_")} - GENUINE.keys()
    assert named <= UNRECORDED
