"""Run-time information."""

import pytest
from read_side import genuine_answers

from twistedmq.broker.admin.runtime import Moment, age_text, bytes_text, runtime_info
from twistedmq.broker.counters import BrokerCounters

STATUS = {
    "min_offset": 0,
    "max_offset": 5000,
    "flushed_offset": 3000,
    "dispatched_offset": 4900,
    "disk_ratio": 0.25,
    "disk_ratios": {"/a": 0.25, "/b": 0.5},
    "queue_disk_ratio": 0.75,
}


def info() -> dict[str, str]:
    counters = BrokerCounters(lambda: 0.0, "broker-a")
    counters.sent("T", 4, 400)
    counters.pulled("T", "G", 3, 300)
    moment = Moment(now_ms=90_000, booted_ms=5_000, earliest_ms=-1)
    return runtime_info(STATUS, counters, moment)


def test_every_genuine_name_is_answered() -> None:
    genuine = genuine_answers("get_broker_runtime_info")[0]["body_json"]["table"]
    with_arguments = ("scheduleMessageOffset_", "commitLogDiskRatio_")
    wanted = {name for name in genuine if not name.startswith(with_arguments)}
    ours = {name for name in info() if not name.startswith(with_arguments)}
    assert ours == wanted


def test_figures() -> None:
    table = info()
    assert table["commitLogMaxOffset"] == "5000"
    assert table["dispatchBehindBytes"] == "100"
    assert table["remainHowManyDataToFlush"] == "2.0 KiB"
    assert table["msgPutTotalTodayNow"] == "4"
    assert table["msgGetTotalTodayNow"] == "3"
    assert table["putMessageAverageSize"] == "100.0"
    assert table["runtime"] == "[ 0 days, 0 hours, 1 minutes, 25 seconds ]"
    assert table["commitLogDiskRatio"] == "0.25"
    assert table["commitLogDiskRatio_/b"] == "0.5"
    assert table["consumeQueueDiskRatio"] == "0.75"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (252 << 30, "252.0 GiB"),
        (1 << 80, "1048576.0 EiB"),
    ],
)
def test_bytes_for_people(count: int, text: str) -> None:
    assert bytes_text(count) == text


def test_ages_for_people() -> None:
    assert age_text(-5) == "[ 0 days, 0 hours, 0 minutes, 0 seconds ]"
    day_ms = 24 * 3600 * 1000
    assert age_text(2 * day_ms + 3_600_000) == (
        "[ 2 days, 1 hours, 0 minutes, 0 seconds ]"
    )
