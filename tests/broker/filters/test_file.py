import json
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher

from twistedmq.broker.filters.file import FilterFile
from twistedmq.broker.filters.table import ConsumerFilters
from twistedmq.config.filters import FilterDataConfig
from twistedmq.config.live import Live
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.json_file import AtomicJsonFile

GENUINE = """{"filterDataByTopic":{"orders":{"groupFilterData":{
"audit":{"bloomFilterData":{"bitNum":216,"bitPos":[25,61,118]},
"bornTime":1795700835266,"clientVersion":8,"consumerGroup":"audit","dead":true,
"deadTime":1795700835266,"expression":"TRUE","expressionType":"SQL92",
"topic":"orders"},
"billing":{"bloomFilterData":{"bitNum":216,"bitPos":[119,52,201]},
"bornTime":1795700835018,"clientVersion":7,"consumerGroup":"billing","dead":false,
"deadTime":0,"expression":"amount > 10 AND region = 'eu'","expressionType":"SQL92",
"topic":"orders"}},"topic":"orders"}}}"""
"""What the genuine manager wrote of two groups, for 20 % and 64 groups."""
NOW_MS = 1_795_700_900_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "consumerFilter.json"


def kept_at(path: Path, groups: int = 64) -> tuple[ConsumerFilters, FilterFile, Clock]:
    config = Live(FilterDataConfig(bloom_expected_groups=groups))
    filters, clock = ConsumerFilters(config, lambda: NOW_MS), Clock()
    file = FilterFile(clock, AtomicJsonFile(RealFiles(), path), filters)
    file.load()
    file.startService()
    return filters, file, clock


def test_a_genuine_file_is_read_and_written_as_it_was(path: Path) -> None:
    path.write_text(GENUINE)
    filters, file, clock = kept_at(path)
    topic = filters.of_topic("orders")
    assert topic is not None
    assert topic.group_filter_data["billing"].expression.startswith("amount")
    filters._tell(["orders"])
    clock.advance(0)
    file.stopService()
    wanted: dict[str, Any] = json.loads(GENUINE)
    billing = wanted["filterDataByTopic"]["orders"]["groupFilterData"]["billing"]
    billing |= {"dead": True, "deadTime": NOW_MS - 30_000}
    assert json.loads(path.read_text()) == wanted


def test_what_is_not_written_yet_is_at_the_end(path: Path) -> None:
    path.write_text(GENUINE)
    filters, file, _ = kept_at(path)
    path.write_text("")
    filters._tell(["orders"])
    file.stopService()
    assert "billing" in path.read_text()


def test_without_conditions_there_is_no_file(path: Path) -> None:
    _, file, _ = kept_at(path)
    file.stopService()
    assert not path.exists()


def test_a_damaged_file_is_passed_over_for_its_backup(path: Path) -> None:
    path.write_text('{"filterDataByTopic":{"orders":')
    path.with_name(path.name + ".bak").write_text(GENUINE)
    filters, _, _ = kept_at(path)
    assert filters.topics() == ["orders"]


def test_a_file_with_other_bits_is_begun_anew(path: Path) -> None:
    lines: list[str] = []

    def log(event: Any) -> None:
        lines.append(formatEvent(event))

    path.write_text(GENUINE)
    globalLogPublisher.addObserver(log)
    try:
        filters, _, _ = kept_at(path, groups=32)
    finally:
        globalLogPublisher.removeObserver(log)
    assert filters.topics() == []
    assert "written with another maxErrorRateOfBloomFilter" in "".join(lines)
