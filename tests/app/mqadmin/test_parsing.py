import json
from typing import Any

import pytest

from twistedmq.app.mqadmin import parsing, table
from twistedmq.app.mqadmin.verbs import Option, Verb, boolean, integer


async def nothing(*arguments: Any) -> None: ...


VERB = Verb(
    "doIt",
    "does it, 100 %",
    nothing,
    Option("t", "topic", "which", required=True),
    Option("b", "brokerAddr", "there, 100 %"),
    Option("c", "clusterName", "or there"),
    Option("cf", "checkFrom", "two letters"),
    Option("q", "queue", "a number", kind=integer),
    Option("o", "order", "true or not", kind=boolean),
    Option("l", "list", "a flag", kind=None),
    one_of=("b", "c"),
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-t T -b B", {"topic": "T", "broker_addr": "B", "list": False}),
        ("--topic T --brokerAddr=B -l", {"topic": "T", "list": True}),
        ("-topic T -clusterName C", {"topic": "T", "cluster_name": "C"}),
        ("-tT -bB", {"topic": "T", "broker_addr": "B"}),
        ("-t T -b B -q -1", {"queue": -1}),
        ("-t -x=1,+y -b B", {"topic": "-x=1,+y"}),
        ("-t topic -b h", {"topic": "topic", "broker_addr": "h"}),
        ("-t T -b B -cf 5 -o TRUE", {"check_from": "5", "order": True}),
        ("-t T -b B -n x:1 --json", {"namesrv_addr": "x:1", "json": True}),
        ("-t T -b B", {"queue": None, "namesrv_addr": None, "json": False}),
    ],
)
def test_what_the_user_says_is_read(line: str, expected: dict[str, Any]) -> None:
    options = vars(parsing.parse(VERB, line.split()))
    assert {key: options[key] for key in expected} == expected


def test_blanks_around_a_value_are_dropped() -> None:
    assert parsing.parse(VERB, ["-t", " T ", "-b", "B"]).topic == "T"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("-b B", "the following arguments are required: -t/--topic"),
        ("-t T", "one of the arguments -b/--brokerAddr -c/--clusterName is required"),
        ("-t T -b B -c C", "not allowed with argument"),
        ("-t T -b B -q five", "argument -q/--queue: invalid integer value: 'five'"),
        ("-t T -b B extra", "unrecognized arguments: extra"),
        ("-t T -b B -z", "unrecognized arguments: -z"),
        ("-t -b B", "argument -t/--topic: expected one argument"),
        ("-b B -t", "argument -t/--topic: expected one argument"),
    ],
)
def test_wrong_usage_is_one_line_and_status_one(
    line: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parsing.parse(VERB, line.split())
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("mqadmin doIt: ")
    assert problem in said
    assert said.count("\n") == 1


def test_programs_are_told_of_wrong_usage_as_of_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        parsing.parse(VERB, ["-t", "T", "--json"])
    told = json.loads(capsys.readouterr().err)
    assert told["status"] == 1
    assert told["error"].startswith("one of the arguments -b/--brokerAddr")


@pytest.mark.parametrize("text", ["0", "-5"])
def test_rounds_without_a_pause_are_wrong_usage(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verb = table.find("clusterList")
    assert verb is not None
    with pytest.raises(SystemExit):
        parsing.parse(verb, ["-i", text])
    problem = f"argument -i/--interval: '{text}' is no number of seconds from 1 on"
    assert problem in capsys.readouterr().err


def test_help_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsing.parse(VERB, ["-h"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "-q, --queue NUMBER" in said.replace("-q NUMBER", "-q")
    assert "does it, 100 %" in said


def test_the_overview_names_every_verb() -> None:
    assert "\n   topicList                           lists the" in parsing.overview()
