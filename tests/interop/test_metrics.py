"""Our page of figures, and the tables of the operators' tool, beside the genuine."""

import re
from importlib import import_module
from pkgutil import iter_modules
from typing import Any
from urllib.request import urlopen

import peer
import pytest
from processes import OurBroker
from prometheus_client.parser import text_string_to_metric_families
from scenarios import failures

from twistedmq.broker import statistics
from twistedmq.metrics.samples import Metric

TRAFFIC = ["consume-concurrently", "timer-message", "pop-consumer"]
"""Some figures are shown once there is something to count."""

LEFT_OUT = {
    "rocketmq_processor_watermark": "there are no queues before thread pools",
    "rocketmq_topic_create_execution_time_milliseconds": "a table entry: no time",
    "rocketmq_consumer_group_create_execution_time_milliseconds": "likewise",
}
"""Genuine figures that are about something this broker does not have."""

WHILE_CONNECTED = ("rocketmq_producer_", "rocketmq_consumer_")
"""Begin what is shown while clients are there; when one is missed is chance here."""

Page = dict[str, tuple[str, set[str]]]
"""By name: the kind, and the names of the labels."""


def declared() -> set[str]:
    """Give the names of all that ours can show, as a page has them."""
    modules = [
        import_module(f"{statistics.__name__}.{module.name}")
        for module in iter_modules(statistics.__path__)
    ]
    return {
        value.name.removesuffix("_total")
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Metric)
    }


def page(port: int) -> Page:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    return {
        family.name: (
            family.type,
            {label for sample in family.samples for label in sample.labels},
        )
        for family in text_string_to_metric_families(text)
        if family.samples
    }


@pytest.fixture(scope="module", autouse=True)
def traffic(genuine: Any, ours: OurBroker) -> None:
    """Have both brokers do the same."""
    for namesrv in (genuine.namesrv, ours.namesrv):
        assert failures(TRAFFIC, namesrv) == []


def test_what_the_genuine_one_shows_is_shown(genuine: Any, ours: OurBroker) -> None:
    wanted, found = page(genuine.metrics_port), page(ours.http_port)
    named = {
        name
        for name in wanted
        if name.startswith("rocketmq_") and not name.startswith("rocketmq_pop_")
    }
    assert {"rocketmq_messages_in", "rocketmq_messages_out"} <= named
    missing = named - found.keys() - LEFT_OUT.keys()
    assert [name for name in missing if not name.startswith(WHILE_CONNECTED)] == []
    assert missing <= declared()
    for name in named & found.keys():
        kind, labels = wanted[name]
        assert found[name] == (kind, labels - {"otel_scope_name"}), name


def table(verb: str, *arguments: str) -> list[str]:
    output: Any = peer.mqadmin(verb, *arguments)
    return str(output).splitlines()


def test_the_status_of_a_broker_has_the_same_lines(
    genuine: Any, ours: OurBroker
) -> None:
    def names(namesrv: str, address: str) -> list[str]:
        lines = table("brokerStatus", "-n", namesrv, "-b", address)
        found = {line.split(":")[0].strip() for line in lines if ":" in line}
        return sorted(
            name for name in found if not name.startswith("commitLogDiskRatio_")
        )

    assert names(ours.namesrv, ours.address) == names(genuine.namesrv, genuine.address)


@pytest.mark.parametrize("which", ["genuine", "ours"])
def test_traffic_is_counted(genuine: Any, ours: OurBroker, which: str) -> None:
    broker = genuine if which == "genuine" else ours
    lines = table("statsAll", "-n", broker.namesrv)
    (line,) = [line for line in lines if re.match("T_consume-concurrently_.* C_", line)]
    *_, lag, _, _, sent, got = line.split()
    assert (lag, sent, got) == ("0", "200", "200")
