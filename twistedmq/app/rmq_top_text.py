"""What ``rmq top`` shows of a cluster: which rows and columns, and how laid out.

Pure: it knows of a terminal only how large it is.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from msgspec.structs import replace

from twistedmq.admin.loads import BrokerLoad, ClusterLoad, GroupLoad, TopicLoad
from twistedmq.app.rmq_printable import cut, printable, width
from twistedmq.app.rmq_table import size_text
from twistedmq.app.screen import Line, Style

USUAL_LIMIT: Final = 10
FEWEST: Final = 3
"""Rows of each table, however low a terminal is."""
HEADS: Final = 11
"""Lines that are no rows: two for the whole, and of each table a blank one, its columns
and how many are left out."""
GAP: Final = "  "
NARROWEST: Final = 8
"""Columns of a name that is cut."""

T = TypeVar("T")


class Limits(NamedTuple):
    """How many rows of each table; None: all."""

    brokers: int | None
    topics: int | None
    groups: int | None


# Which rows


def chosen(
    picture: ClusterLoad, sort: str | None, limits: Limits | int | None
) -> ClusterLoad:
    """Give a cluster with those rows that are shown, in their order.

    Args:
        picture: the whole.
        sort: ``traffic``, ``lag`` or ``name``; None: topics by traffic, groups by lag.
        limits: one number is that of topics and of groups.
    """
    if not isinstance(limits, Limits):
        limits = Limits(None, limits, limits)
    brokers = sorted(picture.brokers, key=lambda each: (each.name, each.broker_id))
    return replace(
        picture,
        # who is in trouble must not be the one that is left out
        brokers=sorted(brokers, key=_is_well)[: limits.brokers]
        if limits.brokers is not None and limits.brokers < len(brokers)
        else brokers,
        topics=_sorted(picture.topics, sort or "traffic", _topic_key)[: limits.topics],
        groups=_sorted(picture.groups, sort or "lag", _group_key)[: limits.groups],
    )


def rows_for(picture: ClusterLoad, height: int, limit: int | None) -> Limits:
    """Share the lines of a terminal out among the three tables."""
    room = max(height - HEADS, 3 * FEWEST)
    most = room if limit is None else limit
    brokers = min(len(picture.brokers), max(FEWEST, room // 3))
    room -= brokers
    groups = min(len(picture.groups), most, max(FEWEST, room // 2))
    topics = min(len(picture.topics), most, max(FEWEST, room - groups))
    groups = min(len(picture.groups), most, max(FEWEST, room - topics))
    return Limits(brokers, topics, groups)


def _sorted(rows: Sequence[T], sort: str, key: Callable[[T, str], Any]) -> list[T]:
    return sorted(rows, key=lambda each: key(each, sort))


def _topic_key(each: TopicLoad, sort: str) -> Any:
    traffic, lag = -(each.in_per_s or 0), -each.lag
    return _key(sort, traffic, lag, each.topic)


def _group_key(each: GroupLoad, sort: str) -> Any:
    traffic, lag = -(each.out_per_s or 0), -each.lag
    return _key(sort, traffic, lag, each.group)


def _key(sort: str, traffic: float, lag: int, name: str) -> Any:
    if sort == "name":
        return name
    return (traffic, lag, name) if sort == "traffic" else (lag, traffic, name)


def _is_well(each: BrokerLoad) -> bool:
    return each.error is None and not each.problems


# How a row looks


class Column(NamedTuple):
    """One column of a table."""

    name: str
    weight: int
    """Which go first where there is too little room: those with the least."""
    is_text: bool = False


BROKERS: Final = (
    Column("BROKER", 10, is_text=True),
    Column("ROLE", 2, is_text=True),
    Column("ADDRESS", 3, is_text=True),
    Column("VERSION", 1, is_text=True),
    Column("IN/S", 8),
    Column("OUT/S", 7),
    Column("BYTES IN/S", 4),
    Column("LOG", 5),
    Column("DISK", 6),
    Column("HEALTH", 9, is_text=True),
)
TOPICS: Final = (
    Column("TOPIC", 9, is_text=True),
    Column("BROKERS", 1),
    Column("IN/S", 8),
    Column("GROUPS", 2),
    Column("LAG", 7),
)
GROUPS: Final = (
    Column("GROUP", 9, is_text=True),
    Column("TOPICS", 1),
    Column("OUT/S", 7),
    Column("LAG", 8),
    Column("RETRYING", 2),
)


def lines(
    picture: ClusterLoad, whole: ClusterLoad, columns: int | None = None
) -> list[Line]:
    """Lay all out.

    Args:
        picture: what is shown.
        whole: of what, for the numbers of all.
        columns: how wide a line may be; None: as wide as it gets.
    """
    found = [_summary(whole)]
    if whole.error is not None:
        found.append(Line(printable(whole.error), Style.BAD))
    found += _table(
        BROKERS,
        [(_broker_row(each), _is_well(each)) for each in picture.brokers],
        len(whole.brokers),
        columns,
    )
    found += _table(
        TOPICS,
        [(_topic_row(each), True) for each in picture.topics],
        len(whole.topics),
        columns,
    )
    found += _table(
        GROUPS,
        [(_group_row(each), True) for each in picture.groups],
        len(whole.groups),
        columns,
    )
    return found


def _summary(whole: ClusterLoad) -> Line:
    at = datetime.fromtimestamp(whole.at_ms // 1000)
    ill = sum(not _is_well(each) for each in whole.brokers)
    parts = [
        f"{at:%Y-%m-%d %H:%M:%S}",
        _number(len(whole.brokers), "broker") + (f" ({ill} in trouble)" if ill else ""),
        f"in {_rate(_sum(each.in_per_s for each in whole.brokers))}/s",
        f"out {_rate(_sum(each.out_per_s for each in whole.brokers))}/s",
        _number(len(whole.topics), "topic"),
        _number(len(whole.groups), "group"),
        f"lag {sum(each.lag for each in whole.groups)}",
    ]
    return Line(GAP.join(parts), Style.HEAD)


def _broker_row(each: BrokerLoad) -> tuple[str, ...]:
    health = [] if each.error is None else [f"does not answer: {each.error}"]
    health += each.problems
    used = each.disk_used_ratio
    return (
        each.name,
        "master" if each.broker_id == 0 else f"slave {each.broker_id}",
        each.address,
        each.version or "-",
        _rate(each.in_per_s),
        _rate(each.out_per_s),
        "-" if each.in_bytes_per_s is None else size_text(int(each.in_bytes_per_s)),
        "-" if each.log_bytes is None else size_text(each.log_bytes),
        "-" if used is None else f"{used:.0%}",
        "; ".join(health) or "ok",
    )


def _topic_row(each: TopicLoad) -> tuple[str, ...]:
    return (
        each.topic,
        str(each.brokers),
        _rate(each.in_per_s),
        str(each.groups),
        str(each.lag) if each.groups else "-",
    )


def _group_row(each: GroupLoad) -> tuple[str, ...]:
    return (
        each.group,
        str(each.topics),
        _rate(each.out_per_s),
        str(each.lag),
        str(each.retrying),
    )


def _rate(rate: float | None) -> str:
    if rate is None:
        return "-"
    return f"{rate:.0f}" if rate == 0 or rate >= 100 else f"{rate:.1f}"


def _sum(rates: Iterable[float | None]) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known else None


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


# How a table looks


def _table(
    columns: Sequence[Column],
    rows: Sequence[tuple[Sequence[str], bool]],
    of: int,
    room: int | None,
) -> list[Line]:
    if not of:
        return []
    cells = [[column.name for column in columns]]
    # names and reasons come from elsewhere
    cells += [[printable(cell) for cell in row] for row, _ in rows]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    kept = list(range(len(columns)))
    if room is not None:
        kept = _kept(columns, widths, room)
        widths = _cut(columns, kept, widths, room)
    laid_out = [_row(columns, kept, widths, row) for row in cells]
    found = [Line(""), Line(laid_out[0], Style.HEAD)]
    found += [
        Line(text, Style.PLAIN if is_well else Style.BAD)
        for text, (_, is_well) in zip(laid_out[1:], rows, strict=True)
    ]
    if len(rows) < of:
        found.append(Line(f"and {of - len(rows)} more"))
    return found


def _kept(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[int]:
    """Leave out the columns that matter least until the others have room, if cut."""
    kept = list(range(len(columns)))

    def least(n: int) -> int:
        return min(widths[n], NARROWEST) if columns[n].is_text else widths[n]

    while len(kept) > 1 and _total(map(least, kept)) > room:
        kept.remove(min(kept, key=lambda n: columns[n].weight))
    return kept


def _cut(
    columns: Sequence[Column], kept: Sequence[int], widths: Sequence[int], room: int
) -> list[int]:
    """Make texts narrower, the widest first, until all have room."""
    narrowed = list(widths)
    texts = [n for n in kept if columns[n].is_text]
    while texts and _total(narrowed[n] for n in kept) > room:
        widest = max(texts, key=lambda n: narrowed[n])
        if narrowed[widest] <= NARROWEST:
            break
        narrowed[widest] -= 1
    return narrowed


def _total(widths: Iterable[int]) -> int:
    found = list(widths)
    return sum(found) + len(GAP) * (len(found) - 1)


def _row(
    columns: Sequence[Column],
    kept: Iterable[int],
    widths: Sequence[int],
    row: Sequence[str],
) -> str:
    cells = []
    for n in kept:
        text, wide = row[n], widths[n]
        if width(text) > wide:
            text = f"{cut(text, wide - 1)}…"
        blanks = " " * (wide - width(text))
        cells.append(text + blanks if columns[n].is_text else blanks + text)
    return GAP.join(cells).rstrip()
