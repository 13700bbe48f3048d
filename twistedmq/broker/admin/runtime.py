"""What GET_BROKER_RUNTIME_INFO says: the genuine names, figures of this broker. Pure.

Names that speak of thread pools and page cache locks, which this broker does not have,
are answered with what an idle genuine broker says, as tools read them all.
Source: AdminBrokerProcessor.prepareRuntimeInfo, StoreStatsService.getRuntimeInfo.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.statistics.days import Sums

BROKER_VERSION: Final = "V5_4_0"

_QUEUES: Final = {
    "send": 10_000,
    "pull": 100_000,
    "litePull": 100_000,
    "query": 20_000,
    "ack": 100_000,
}
_UNITS: Final = "KMGTPE"


class Moment(Struct, frozen=True):
    """When the information is asked for, and what else is not in the store."""

    now_ms: int
    booted_ms: int
    earliest_ms: int
    """Store time of the oldest message, -1 without one."""
    accepts_from_ms: int = 0
    """Before which sends are refused."""
    today: Sums = Sums()
    """What went through until the last midnight."""
    yesterday: Sums = Sums()
    """And until the one before."""


def runtime_info(
    store: Mapping[str, Any], counters: BrokerCounters, moment: Moment
) -> dict[str, str]:
    """Put the table together from the *store*'s status and the *counters*."""
    info: dict[str, object] = {
        "brokerActive": "true",
        "brokerVersionDesc": BROKER_VERSION,
        "bootTimestamp": moment.booted_ms,
        "runtime": age_text(moment.now_ms - moment.booted_ms),
        "earliestMessageTimeStamp": moment.earliest_ms,
        "startAcceptSendRequestTimeStamp": moment.accepts_from_ms,
    }
    info |= _log_figures(store)
    info |= _traffic(counters) | _days(counters, moment)
    info |= _what_we_do_not_have()
    return {name: f"{value}" for name, value in info.items()}


def _log_figures(store: Mapping[str, Any]) -> dict[str, object]:
    end = store["max_offset"]
    disk_ratio = store.get("disk_ratio", -1.0)
    folders = store.get("disk_ratios", {})
    return {
        "commitLogMinOffset": store["min_offset"],
        "commitLogMaxOffset": end,
        "commitLogDiskRatio": disk_ratio,
        **{f"commitLogDiskRatio_{path}": ratio for path, ratio in folders.items()},
        "consumeQueueDiskRatio": store.get("queue_disk_ratio", disk_ratio),
        "commitLogDirCapacity": _capacity(store),
        "dispatchBehindBytes": max(0, end - store["dispatched_offset"]),
        "remainHowManyDataToFlush": bytes_text(max(0, end - store["flushed_offset"])),
    }


def _capacity(store: Mapping[str, Any]) -> str:
    total, free = store.get("disk_total_bytes", 0), store.get("disk_free_bytes", 0)
    return f"Total : {bytes_text(total)}, Free : {bytes_text(free)}."


def _traffic(counters: BrokerCounters) -> dict[str, object]:
    put, throughput = counters.put, counters.throughput
    rates, times = throughput.rates(), throughput.times
    found, missed = rates["found"], rates["missed"]
    return {
        "putMessageTimesTotal": max(1, put.messages),
        "putMessageSizeTotal": put.bytes,
        "putMessageAverageSize": put.bytes / max(1, put.messages),
        "putMessageFailedTimes": throughput.failed,
        "putMessageDistributeTime": times.text(),
        "putMessageEntireTimeMax": throughput.longest_put_ms,
        "putLatency99": f"{times.quantile_ms(0.99):.2f}",
        "putLatency999": f"{times.quantile_ms(0.999):.2f}",
        "getMessageEntireTimeMax": throughput.longest_get_ms,
        "putTps": _spans(rates["puts"]),
        "getFoundTps": _spans(found),
        "getMissTps": _spans(missed),
        "getTotalTps": _spans(map(sum, zip(found, missed, strict=True))),
        "getTransferredTps": _spans(rates["transferred"]),
    }


def _days(counters: BrokerCounters, moment: Moment) -> dict[str, object]:
    return {
        "msgPutTotalTodayNow": counters.put_ours.messages,
        "msgGetTotalTodayNow": counters.got_ours.messages,
        "msgPutTotalTodayMorning": moment.today.put,
        "msgGetTotalTodayMorning": moment.today.got,
        "msgPutTotalYesterdayMorning": moment.yesterday.put,
        "msgGetTotalYesterdayMorning": moment.yesterday.got,
    }


def _what_we_do_not_have() -> dict[str, object]:
    info: dict[str, object] = {
        "dispatchMaxBuffer": 0,
        "pageCacheLockTimeMills": 0,
        "remainTransientStoreBufferNumbs": 2**31 - 1,
        "timerCongestNum": 0,
        "timerDequeueTps": "0.0",
        "timerEnqueueTps": "0.0",
        "timerOffsetBehind": 0,
        "timerReadBehind": 0,
        "EndTransactionQueueSize": 0,
        "EndTransactionThreadPoolQueueCapacity": 100_000,
    }
    for name, capacity in _QUEUES.items():
        info[f"{name}ThreadPoolQueueSize"] = 0
        info[f"{name}ThreadPoolQueueCapacity"] = capacity
        info[f"{name}ThreadPoolQueueHeadWaitTimeMills"] = 0
    return info


def _spans(rates: Iterable[float]) -> str:
    """Write rates over 10, 60 and 600 seconds."""
    return " ".join(f"{rate}" for rate in rates)


def bytes_text(count: int) -> str:
    """Write a number of bytes for people: 3.1 KiB."""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in _UNITS:
        value /= 1024
        if value < 1024:
            return f"{value:.1f} {unit}iB"
    return f"{value:.1f} {_UNITS[-1]}iB"


def age_text(age_ms: int) -> str:
    """Write how long something has been running."""
    minutes, seconds = divmod(max(0, age_ms) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"[ {days} days, {hours} hours, {minutes} minutes, {seconds} seconds ]"
