import pytest

from twistedmq.admin.loads import BrokerLoad, ClusterLoad, GroupLoad, TopicLoad
from twistedmq.app.rmq_printable import width
from twistedmq.app.rmq_top_text import Limits, chosen, lines, rows_for
from twistedmq.app.screen import Style


def broker(name: str, broker_id: int = 0, **more: object) -> BrokerLoad:
    usual: dict[str, object] = {
        "cluster": "DefaultCluster",
        "name": name,
        "broker_id": broker_id,
        "address": f"{name}:10911",
        "version": "V5_4_0",
        "in_per_s": 120.4,
        "out_per_s": 3.14,
        "in_bytes_per_s": 2048.0,
        "log_bytes": 3 * 2**30,
        "disk_used_ratio": 0.42,
    }
    return BrokerLoad(**usual | more)  # type: ignore[arg-type]


def topic(name: str, in_per_s: float | None = 0.0, lag: int = 0) -> TopicLoad:
    return TopicLoad(topic=name, brokers=1, in_per_s=in_per_s, groups=1, lag=lag)


def group(name: str, out_per_s: float | None = 0.0, lag: int = 0) -> GroupLoad:
    return GroupLoad(group=name, topics=1, out_per_s=out_per_s, lag=lag, retrying=0)


WHOLE = ClusterLoad(
    at_ms=1_700_000_000_000,
    brokers=[
        broker("broker-b", error="refused", version=None, in_per_s=None),
        broker("broker-a"),
        broker("broker-a", 1, problems=["disk 91% full"]),
    ],
    topics=[topic("idle"), topic("orders", 9, 3), topic("paid", 9, 7), topic("x", 1)],
    groups=[group("audit", 5), group("billing", 2, 10), group("new", None)],
)


def text(picture: ClusterLoad, columns: int | None = None) -> list[str]:
    return [line.text for line in lines(picture, WHOLE, columns)]


def test_all_of_it() -> None:
    told = text(chosen(WHOLE, None, None))
    assert told[0][19:] == (
        "  3 brokers (2 in trouble)  in 241/s  out 9.4/s  4 topics  3 groups  lag 10"
    )
    assert told[1:] == [
        "",
        "BROKER    ROLE     ADDRESS         VERSION  IN/S  OUT/S  BYTES IN/S      LOG"
        "  DISK  HEALTH",
        "broker-a  master   broker-a:10911  V5_4_0    120    3.1     2.0 KiB  3.0 GiB"
        "   42%  ok",
        "broker-a  slave 1  broker-a:10911  V5_4_0    120    3.1     2.0 KiB  3.0 GiB"
        "   42%  disk 91% full",
        "broker-b  master   broker-b:10911  -           -    3.1     2.0 KiB  3.0 GiB"
        "   42%  does not answer: refused",
        "",
        "TOPIC   BROKERS  IN/S  GROUPS  LAG",
        "paid          1   9.0       1    7",
        "orders        1   9.0       1    3",
        "x             1   1.0       1    0",
        "idle          1     0       1    0",
        "",
        "GROUP    TOPICS  OUT/S  LAG  RETRYING",
        "billing       1    2.0   10         0",
        "audit         1    5.0    0         0",
        "new           1      -    0         0",
    ]


def test_trouble_is_set_off() -> None:
    styles = [line.style for line in lines(chosen(WHOLE, None, None), WHOLE)]
    assert styles[:6] == [
        *(Style.HEAD, Style.PLAIN, Style.HEAD, Style.PLAIN, Style.BAD, Style.BAD)
    ]


@pytest.mark.parametrize(
    ("sort", "topics", "groups"),
    [
        (None, "paid orders x idle", "billing audit new"),
        ("traffic", "paid orders x idle", "audit billing new"),
        ("lag", "paid orders x idle", "billing audit new"),
        ("name", "idle orders paid x", "audit billing new"),
    ],
)
def test_rows_are_sorted(sort: str | None, topics: str, groups: str) -> None:
    found = chosen(WHOLE, sort, None)
    assert " ".join(each.topic for each in found.topics) == topics
    assert " ".join(each.group for each in found.groups) == groups


def test_what_is_left_out_is_counted() -> None:
    told = text(chosen(WHOLE, None, 1))
    assert told[9:] == [
        "and 3 more",
        "",
        "GROUP    TOPICS  OUT/S  LAG  RETRYING",
        "billing       1    2.0   10         0",
        "and 2 more",
    ]


def test_brokers_in_trouble_are_not_left_out() -> None:
    found = chosen(WHOLE, None, Limits(2, 1, 1))
    assert [(each.name, each.broker_id) for each in found.brokers] == [
        ("broker-a", 1),
        ("broker-b", 0),
    ]


@pytest.mark.parametrize("columns", [120, 79, 60, 40, 25, 10])
def test_tables_fit_narrow_terminals(columns: int) -> None:
    told = text(chosen(WHOLE, None, None), columns)[1:]
    assert all(len(line) <= columns for line in told)
    assert any(line.startswith("broker") for line in told)
    if columns >= 25:
        assert any("IN/S" in line or "HEALTH" in line for line in told)


def test_the_widest_text_is_cut_first() -> None:
    long = ClusterLoad(at_ms=0, topics=[topic("t" * 60, 3, 5)])
    row = [line.text for line in lines(long, long, 40)][-1]
    assert len(row) == 40
    assert row.startswith("tttt")
    assert "…" in row
    assert row.endswith("5")


def test_nothing_from_elsewhere_moves_the_cursor() -> None:
    evil = ClusterLoad(at_ms=0, brokers=[broker("a", error="\x1b[2Jno\nline")])
    row = lines(evil, evil)[-1].text
    assert row.endswith("does not answer: \\x1b[2Jno\\nline")


def test_wide_letters_take_two_columns() -> None:
    wide = ClusterLoad(at_ms=0, brokers=[broker("a", error="漢字" * 40)])
    row = lines(wide, wide, 40)[-1].text
    assert width(row) in {39, 40}
    assert row.endswith("…")


def test_a_cluster_without_anything() -> None:
    empty = ClusterLoad(at_ms=0, error="nobody answers")
    told = [line.text[19:] for line in lines(chosen(empty, None, 5), empty)]
    assert told[0] == "  0 brokers  in -/s  out -/s  0 topics  0 groups  lag 0"
    assert lines(empty, empty)[1].text == "nobody answers"
    assert len(told) == 2


@pytest.mark.parametrize("height", [5, 24, 40, 100])
@pytest.mark.parametrize("limit", [None, 4])
def test_rows_fit_the_height(height: int, limit: int | None) -> None:
    many = ClusterLoad(
        at_ms=0,
        brokers=[broker(f"b{n}") for n in range(20)],
        topics=[topic(f"t{n}") for n in range(50)],
        groups=[group(f"g{n}") for n in range(50)],
    )
    rows = rows_for(many, height, limit)
    shown = lines(chosen(many, None, rows), many, 80)
    assert len(shown) <= max(height, 21)
    if limit is None:
        assert len(shown) >= min(height, 100) - 2
    else:
        assert (rows.topics, rows.groups) == (4, 4) or height == 5
    assert min(row or 0 for row in rows) >= 3


def test_a_table_with_few_rows_leaves_room_to_the_others() -> None:
    few = ClusterLoad(
        at_ms=0, brokers=[broker("b")], topics=[topic(f"t{n}") for n in range(50)]
    )
    assert rows_for(few, 40, None) == Limits(1, 28, 0)
