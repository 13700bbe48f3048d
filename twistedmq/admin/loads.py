"""How busy a cluster is: two samples compared. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from twistedmq.admin.cluster import BrokerPlace
from twistedmq.admin.samples import (
    BrokerSample,
    ClusterSample,
    GroupSample,
    TopicSample,
)
from twistedmq.admin.topics import is_systems
from twistedmq.client.routing import MASTER_ID
from twistedmq.protocol import names

FULL_RATIO: Final = 0.85
"""How full the disk of a log may be before that is a problem."""
SLOW_SENDS_MS: Final = 200
SLOW_PULLS_MS: Final = 5000
"""How long requests wait for a thread of a genuine broker before it refuses some."""
BUSY_LOCK_MS: Final = 1000
BEHIND_BYTES: Final = 16 * 1024 * 1024
"""How much of the log may be missing in the queues."""


class BrokerLoad(Struct, frozen=True, kw_only=True):
    """What one broker has to do. What is not known is None."""

    cluster: str
    name: str
    broker_id: int
    address: str
    error: str | None = None
    """Why it tells nothing."""
    problems: list[str] = []
    version: str | None = None
    in_per_s: float | None = None
    out_per_s: float | None = None
    in_bytes_per_s: float | None = None
    log_bytes: int | None = None
    """What its log holds."""
    disk_used_ratio: float | None = None


class TopicLoad(Struct, frozen=True, kw_only=True):
    """What goes into one topic, on all masters that answer."""

    topic: str
    brokers: int
    in_per_s: float | None
    groups: int
    """How many consume it."""
    lag: int
    """Of all of them together."""


class GroupLoad(Struct, frozen=True, kw_only=True):
    """What one group consumes, on all masters that answer."""

    group: str
    topics: int
    out_per_s: float | None
    lag: int
    retrying: int
    """How much of the lag waits in its retry topic."""


class ClusterLoad(Struct, frozen=True, kw_only=True):
    """How busy a cluster is."""

    at_ms: int
    error: str | None = None
    """Why no name server could be asked."""
    brokers: list[BrokerLoad] = []
    topics: list[TopicLoad] = []
    groups: list[GroupLoad] = []


def load(
    before: ClusterSample | None, now: ClusterSample, *, system: bool = False
) -> ClusterLoad:
    """Compare two samples.

    Args:
        before: None: there is only one. Brokers then tell rates of their own, topics
            and groups none.
        now: the later one.
        system: whether topics and groups of the system are wanted, too.
    """
    pairs = list(_pairs(before, now))
    return ClusterLoad(
        at_ms=now.at_ms,
        error=now.error,
        brokers=[_broker(then, each, now.at_ms) for then, each in pairs],
        topics=_topics(pairs, system=system),
        groups=_groups(pairs, system=system),
    )


_Pair = tuple[BrokerSample | None, BrokerSample]


def _pairs(before: ClusterSample | None, now: ClusterSample) -> Iterable[_Pair]:
    known: dict[BrokerPlace, BrokerSample] = {}
    if before is not None:
        known = {each.place: each for each in before.brokers if each.error is None}
    return ((known.get(each.place), each) for each in now.brokers)


# Brokers


def _broker(then: BrokerSample | None, now: BrokerSample, now_ms: int) -> BrokerLoad:
    place = now.place
    load = asdict(place)
    if now.error is not None:
        lost = [] if now.is_registered else ["not registered any more"]
        return BrokerLoad(**load, error=now.error, problems=lost)
    figures = now.figures
    first, end = (_number(figures, f"commitLog{n}Offset") for n in ("Min", "Max"))
    used = _number(figures, "commitLogDiskRatio")
    return BrokerLoad(
        **load,
        problems=_problems(then, now, now_ms),
        version=figures.get("brokerVersionDesc"),
        in_per_s=_rate(then, now, "msgPutTotalTodayNow", "putTps"),
        out_per_s=_rate(then, now, "msgGetTotalTodayNow", "getTransferredTps"),
        in_bytes_per_s=_rate(then, now, "putMessageSizeTotal"),
        log_bytes=None if first is None or end is None else int(end - first),
        disk_used_ratio=used if used is not None and used >= 0 else None,
    )


def _problems(then: BrokerSample | None, now: BrokerSample, now_ms: int) -> list[str]:
    """Give what somebody should look at, the worst first."""
    figures = now.figures

    def figure(name: str) -> float:
        return _number(figures, name) or 0

    found = []
    if not now.is_registered:
        found.append("not registered any more")
    if now.incomplete is not None:
        found.append(f"topics and groups unknown: {now.incomplete}")
    if figures.get("brokerActive") == "false" and now.place.broker_id == MASTER_ID:
        found.append("not active")
    used = figure("commitLogDiskRatio")
    if used >= FULL_RATIO:
        found.append(f"disk {used:.0%} full")
    failed = _difference(then, now, "putMessageFailedTimes")
    if failed:
        found.append(f"{failed:.0f} writes failed")
    if figure("startAcceptSendRequestTimeStamp") > now_ms:
        found.append("takes no messages yet")
    for what, limit_ms in (("send", SLOW_SENDS_MS), ("pull", SLOW_PULLS_MS)):
        wait_ms = figure(f"{what}ThreadPoolQueueHeadWaitTimeMills")
        if wait_ms >= limit_ms:
            found.append(f"{what}s wait {wait_ms:.0f} ms")
    if figure("pageCacheLockTimeMills") >= BUSY_LOCK_MS:
        found.append("page cache is busy")
    behind = figure("dispatchBehindBytes")
    if behind >= BEHIND_BYTES:
        found.append(f"queues are {behind / 2**20:.0f} MiB behind the log")
    return found


def _rate(
    then: BrokerSample | None, now: BrokerSample, total: str, own: str | None = None
) -> float | None:
    """Give what was added to a total a second; without it, what the broker says."""
    added = _difference(then, now, total)
    if added is not None and then is not None:
        return added / (now.at_s - then.at_s)
    if own is None:
        return None
    spans = now.figures.get(own, "").split()
    return _number({own: spans[0]}, own) if spans else None


def _difference(
    then: BrokerSample | None, now: BrokerSample, name: str
) -> float | None:
    """Give how much a total has risen; None where it has fallen: it began anew."""
    if then is None or now.at_s <= then.at_s:
        return None
    first, last = _number(then.figures, name), _number(now.figures, name)
    if first is None or last is None or last < first:
        return None
    return last - first


def _number(figures: Mapping[str, str], name: str) -> float | None:
    try:
        return float(figures[name])
    except (KeyError, ValueError):
        return None


# Topics and groups


def _topics(pairs: list[_Pair], *, system: bool) -> list[TopicLoad]:
    own = {
        name
        for _, now in pairs
        for name in (
            now.place.name,
            now.place.cluster,
            names.reply_topic(now.place.cluster),
        )
    }
    found: dict[str, list[tuple[TopicSample | None, TopicSample]]] = {}
    for then, now in pairs:
        for topic, sample in now.topics.items():
            if system or not (topic in own or is_systems(topic)):
                before = None if then is None else then.topics.get(topic)
                found.setdefault(topic, []).append((before, sample))
    lags: dict[str, dict[str, int]] = {}
    for _, now in pairs:
        for group, each in now.groups.items():
            if _is_systems_group(group) and not system:
                continue
            for topic, lag in each.lag.items():
                of_topic = lags.setdefault(topic, {})
                of_topic[group] = of_topic.get(group, 0) + lag
    return [
        TopicLoad(
            topic=topic,
            brokers=len(samples),
            in_per_s=_sum(
                None if a is None else _risen(a.at_s, a.stored, b.at_s, b.stored)
                for a, b in samples
            ),
            groups=len(lags.get(topic, {})),
            lag=sum(lags.get(topic, {}).values()),
        )
        for topic, samples in sorted(found.items())
    ]


def _groups(pairs: list[_Pair], *, system: bool) -> list[GroupLoad]:
    found: dict[str, list[tuple[GroupSample | None, GroupSample]]] = {}
    for then, now in pairs:
        for group, sample in now.groups.items():
            if system or not _is_systems_group(group):
                before = None if then is None else then.groups.get(group)
                found.setdefault(group, []).append((before, sample))
    return [_group(group, samples) for group, samples in sorted(found.items())]


def _group(
    group: str, samples: list[tuple[GroupSample | None, GroupSample]]
) -> GroupLoad:
    lags = [each.lag for _, each in samples]
    retry = names.retry_topic(group)
    return GroupLoad(
        group=group,
        topics=len({topic for lag in lags for topic in lag} - {retry}),
        out_per_s=_sum(
            None if a is None else _risen(a.at_s, a.consumed, b.at_s, b.consumed)
            for a, b in samples
        ),
        lag=sum(sum(lag.values()) for lag in lags),
        retrying=sum(lag.get(retry, 0) for lag in lags),
    )


def _is_systems_group(group: str) -> bool:
    return group in names.PREDEFINED_GROUPS or names.is_system_group(group)


def _risen(then_s: float, first: int, now_s: float, last: int) -> float | None:
    """Give how much was added a second; None: it was put back, or is another one."""
    if now_s <= then_s or last < first:
        return None
    return (last - first) / (now_s - then_s)


def _sum(rates: Iterable[float | None]) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known else None
