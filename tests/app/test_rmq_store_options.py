import os
from datetime import datetime

import pytest

from twistedmq.app.rmq import make_parser
from twistedmq.app.rmq_store_options import problem_with


def parse(line: str) -> object:
    return make_parser().parse_args(["store", *line.split("|")])


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "fly|D",
        "ls",
        "cat|D|--from|-1",
        "cat|D|--count|0",
        "cat|D|--physical|5",
        "cat|D|--since|yesterday",
        "grep|D|--property|x",
        "grep|D|--body|(",
        "as-of|D",
        "verify|D|--delay-levels|1 2",
        "export|D|--format|xml",
        "explain|D",
    ],
)
def test_wrong_usage_is_status_two(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(wrong)
    assert ended.value.code == 2
    assert "usage: rmq" in capsys.readouterr().err


def test_times_are_local_or_milliseconds() -> None:
    noon_ms = round(datetime(2026, 11, 26, 12).timestamp() * 1000)
    for text in ("2026-11-26 12:00", "2026-11-26T12:00:00.000", str(noon_ms)):
        assert parse(f"as-of|D|{text}").time == noon_ms  # type: ignore[attr-defined]
    zoned = parse("as-of|D|2026-11-26 12:00+00:00")
    assert zoned.time == 1795694400000  # type: ignore[attr-defined]
    day = parse("as-of|D|2026-11-26")
    assert day.time == noon_ms - 12 * 3_600_000  # type: ignore[attr-defined]


def test_ranges_may_be_open() -> None:
    physical = "physical"
    for text, wanted in (("5:9", (5, 9)), (":9", (None, 9)), ("5:", (5, None))):
        assert getattr(parse(f"cat|D|--physical|{text}"), physical) == wanted


def test_folders_and_levels() -> None:
    options = parse("verify|D|--log|/a,/b,|--delay-levels|1s 2h")
    assert options.log == ["/a", "/b"]  # type: ignore[attr-defined]
    options_too = parse(f"verify|D|--log|/a{os.pathsep}/b")
    assert options_too.log == ["/a", "/b"]  # type: ignore[attr-defined]
    assert options.delay_levels == "1s 2h"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("cat|D|--from|1|--topic|T", "--from and --to need --topic and --queue"),
        ("cat|D|--to|1|--topic|T|--queue|0", ""),
        ("export|D|--format|arrow", "--format arrow needs --output"),
        ("export|D|--format|arrow|--output|F", ""),
        ("export|D", ""),
    ],
)
def test_options_that_do_not_go_together(line: str, problem: str) -> None:
    assert problem_with(parse(line)) == problem  # type: ignore[arg-type]
