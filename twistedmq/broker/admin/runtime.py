"""What GET_BROKER_RUNTIME_INFO says: the genuine names, figures of this broker. Pure.

Names that speak of thread pools and page cache locks, which this broker does not have,
are answered with what an idle genuine broker says, as tools read them all.
Source: AdminBrokerProcessor.prepareRuntimeInfo, StoreStatsService.getRuntimeInfo.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from twistedmq.broker.counters import HOUR_S, MINUTE_S, BrokerCounters

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
    now_s: float
    """The clock of the counters."""
    booted_ms: int
    earliest_ms: int
    """Store time of the oldest message, -1 without one."""
    accepts_from_ms: int = 0
    """Before which sends are refused."""


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
    info |= _traffic(counters, moment.now_s)
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


def _traffic(counters: BrokerCounters, now_s: float) -> dict[str, object]:
    put, got = counters.put, counters.got
    calls = max(1, put.calls)
    return {
        "putMessageTimesTotal": calls,
        "putMessageSizeTotal": put.bytes,
        "putMessageAverageSize": put.bytes / max(1, put.messages),
        "putMessageFailedTimes": 0,
        "putTps": _rates(put.rate(now_s, MINUTE_S), put.rate(now_s, HOUR_S)),
        "getFoundTps": _rates(got.rate(now_s, MINUTE_S), got.rate(now_s, HOUR_S)),
        "getMissTps": "0.0 0.0 0.0",
        "getTotalTps": _rates(got.rate(now_s, MINUTE_S), got.rate(now_s, HOUR_S)),
        "getTransferredTps": _rates(got.rate(now_s, MINUTE_S), got.rate(now_s, HOUR_S)),
        "msgPutTotalTodayNow": put.messages,
        "msgGetTotalTodayNow": got.messages,
        "msgPutTotalTodayMorning": 0,
        "msgGetTotalTodayMorning": 0,
        "msgPutTotalYesterdayMorning": 0,
        "msgGetTotalYesterdayMorning": 0,
    }


def _what_we_do_not_have() -> dict[str, object]:
    info: dict[str, object] = {
        "dispatchMaxBuffer": 0,
        "getMessageEntireTimeMax": 0,
        "pageCacheLockTimeMills": 0,
        "putLatency99": "0.00",
        "putLatency999": "0.00",
        "putMessageDistributeTime": "",
        "putMessageEntireTimeMax": 0,
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


def _rates(*rates: Any) -> str:
    return " ".join(f"{rate.per_second}" for rate in rates) + " "


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
