import json
from io import StringIO

import pytest

from twistedmq.app.mqadmin.output import Output, file_name, java
from twistedmq.client.errors import RefusedError
from twistedmq.remoting.errors import ConnectError


def outputs(*, json: bool) -> tuple[Output, StringIO, StringIO]:
    out, err = StringIO(), StringIO()
    return Output(out, err, json=json), out, err


def test_people_get_lines() -> None:
    output, out, _ = outputs(json=False)
    output.line("%-5s|%3d|%.1f|%s", "a", 7, 0.25, None)
    output.line("100 %")
    output.text("no end")
    output.result({"a": 1})
    assert out.getvalue() == "a    |  7|0.2|null\n100 %\nno end"


def test_programs_get_json() -> None:
    output, out, _ = outputs(json=True)
    output.line("%s", "a")
    output.result({"a": [1, None, "ä"]})
    assert out.getvalue() == '{"a":[1,null,"ä"]}\n'


def test_values_are_written_as_java_writes_them() -> None:
    assert java({0: "a", 1: None}) == "{0=a, 1=null}"
    assert java([True, False]) == "[true, false]"
    assert java(set()) == "[]"


def test_problems_are_told_and_the_worst_is_kept() -> None:
    output, out, err = outputs(json=False)
    output.problem(RefusedError(1, "two\nlines", "x:1"), "broker-a")
    output.problem(ConnectError("x:1", "refused"))
    assert output.status == 3
    first, second = err.getvalue().splitlines()
    assert first == "mqadmin: broker-a: x:1 refused: SYSTEM_ERROR (1): two lines"
    output.problem(ConnectError("x:1", "refused"), "x:1")
    *_, third = err.getvalue().splitlines()
    assert third == second
    assert second == "mqadmin: cannot connect to x:1: refused"
    assert out.getvalue() == ""


def test_problems_are_json_for_programs() -> None:
    output, _, err = outputs(json=True)
    output.problem(RefusedError(1, "no", "x:1"), "broker-a")
    told = json.loads(err.getvalue())
    assert (told["about"], told["status"], told["code"]) == ("broker-a", 3, 1)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("10.0.0.1@7#x", "10.0.0.1@7#x"),
        ("../evil", "_evil"),
        ("..", "_"),
        ("", "_"),
        ("a/b\\c\0", "a_b_c_"),
        ("x" * 999, "x" * 200),
    ],
)
def test_a_text_that_others_chose_names_a_file(text: str, name: str) -> None:
    assert file_name(text) == name
