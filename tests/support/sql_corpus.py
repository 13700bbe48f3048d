"""Expressions and properties to ask an evaluator, and what the genuine one answered.

``python tests/support/sql_corpus.py`` asks the genuine evaluator (JDK and Maven) and
writes ``tests/filter/sql/genuine_answers.json``.
"""

import json
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from twistedmq.filter.sql.errors import SqlError, UndecidedError
from twistedmq.filter.sql.operands import Evaluate
from twistedmq.filter.sql.reading import read

TESTS = Path(__file__).resolve().parents[1]
RECORDED = TESTS / "filter" / "sql" / "genuine_answers.json"
RECORDED_CASES = 600


class Case(NamedTuple):
    """An expression, and the properties of the messages that it is asked of."""

    text: str
    properties: tuple[str, ...]


NAMES = ("a", "b", "c", "TAGS", "_x1", "$", "nota", "Inn")
TEXTS = (
    "x", "xyz", "yz", "it's", "1", "-1", "+1", "0", "-0", "007", "1.5", "1.", ".5",
    "-0.0", "0.0", " 2 ", "2\n", "1e3", "1E400", "-1e400", "NaN", "-NaN", "Infinity",
    "-Infinity", "inf", "nan", "1_0", "0x10", "0x1p3", "0X.8P-1f", "1f", "2D", "3L",
    "true", "TRUE", "True", "false", "null", "2147483647", "2147483648", "-2147483648",
    "-2147483649", "3000000000", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "4.9E-324", "\u0661", "\U0001d7d9", "\u00e9", "0" * 30,
    "0" * 30 + "7", "9" * 40, "\u00a07", "1 2", "--1", "",
)  # fmt: skip
NUMBERS = (
    "0", "1", "2", "7", "10", "1.5", "1.", ".5", "5E3", "5e-3", "1.e2", "2147483647",
    "2147483648", "9223372036854775807", "9223372036854775808", "1l", "3L", "0.0",
    "0.1", "00", "0L", "1e400", "1e-400", "4.9E-324", "1.7976931348623157E308", "5E",
)  # fmt: skip
BLANKS = (
    " ",
    " ",
    " ",
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n",
    "\f",
    " /* c */ ",
    " -- c\n",
    "/**/",
)
STRAY = ("%", "!=", "==", "'", '"', "--", "/*", "#", "and", "OR", "NOT", "IS", "(", ")",
         ",", "LIKE", "ESCAPE", "\u00e9", "\u017f", "\u212a", "\0", "<>", "<", "5a",
         "1AND")  # fmt: skip


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def cased(word: str) -> st.SearchStrategy[str]:
    return st.sampled_from((word, word, word.lower(), word.title()))


TEXT = st.sampled_from(TEXTS) | st.text("abxyz01.'-\u00e9", max_size=4)
LITERAL_TEXT = TEXT.map(quoted)
NUMBER = st.sampled_from(NUMBERS)
NAME = st.sampled_from(NAMES)
PRIMARY = (
    NAME | NAME | NAME | NUMBER | NUMBER | LITERAL_TEXT
    | st.one_of(cased("TRUE"), cased("FALSE"), cased("NULL"))
)  # fmt: skip


def spaced(*parts: st.SearchStrategy[str] | str) -> st.SearchStrategy[str]:
    strategies: list[st.SearchStrategy[str]] = []
    for part in parts:
        strategies += [st.just(part) if isinstance(part, str) else part]
        strategies += [st.sampled_from(BLANKS)]
    return st.tuples(*strategies[:-1]).map("".join)


def extended(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    compare = st.sampled_from(("=", "<>", ">", ">=", "<", "<="))
    join = st.one_of(cased("AND"), cased("OR"))
    maybe_not = st.sampled_from(("", "", "NOT", "not"))
    search = st.one_of(cased("CONTAINS"), cased("STARTSWITH"), cased("ENDSWITH"))
    texts = st.lists(LITERAL_TEXT, min_size=1, max_size=7).map(", ".join)
    return st.one_of(
        spaced(NAME, compare, PRIMARY),
        spaced(NAME, compare, PRIMARY),
        spaced(PRIMARY, compare, PRIMARY),
        spaced(inner, compare, inner),
        spaced(inner, join, inner),
        spaced(inner, join, inner),
        spaced("(", inner, ")"),
        spaced(inner, cased("IS"), maybe_not, cased("NULL")),
        spaced(NAME, maybe_not, cased("BETWEEN"), NUMBER, cased("AND"), NUMBER),
        spaced(inner, maybe_not, cased("BETWEEN"), inner, cased("AND"), inner),
        spaced(NAME, maybe_not, cased("IN"), "(", texts, ")"),
        spaced(inner, maybe_not, cased("IN"), "(", texts, ")"),
        spaced(NAME, maybe_not, search, LITERAL_TEXT),
        spaced(inner, maybe_not, search, LITERAL_TEXT),
        spaced(cased("NOT"), inner),
        st.tuples(st.sampled_from("+-"), inner).map("".join),
    )


def spoiled(text: str) -> st.SearchStrategy[str]:
    """Put something stray somewhere, or take something out."""
    at = st.integers(0, len(text))
    put = st.tuples(at, st.sampled_from(STRAY)).map(
        lambda where: text[: where[0]] + where[1] + text[where[0] :]
    )
    cut = at.map(lambda where: text[:where] + text[where + 1 :])
    return put | cut


SIGNED = st.tuples(st.sampled_from(("", "", "-", "+", "- ")), NUMBER).map("".join)
TEXT_LIST = st.lists(LITERAL_TEXT, min_size=1, max_size=7).map(", ".join)
PLAIN = st.one_of(
    spaced(NAME, st.sampled_from(("=", "<>", ">", ">=", "<", "<=")), SIGNED),
    spaced(SIGNED, st.sampled_from(("=", "<>", ">", ">=", "<", "<=")), NAME),
    spaced(NAME, st.sampled_from(("=", "<>", ">", ">=", "<", "<=")), NAME),
    spaced(NAME, st.sampled_from(("=", "<>")), LITERAL_TEXT | cased("TRUE")),
    spaced(NAME, st.sampled_from(("IS", "is not", "IS NOT")), cased("NULL")),
    spaced(NAME, st.sampled_from(("IN", "NOT IN")), "(", TEXT_LIST, ")"),
    spaced(NAME, st.sampled_from(("BETWEEN", "NOT BETWEEN")), "1", "AND", SIGNED),
    spaced(NAME, st.sampled_from(("CONTAINS", "NOT CONTAINS")), LITERAL_TEXT),
    spaced(NAME, st.sampled_from(("STARTSWITH", "NOT STARTSWITH")), LITERAL_TEXT),
    spaced(NAME, st.sampled_from(("ENDSWITH", "NOT ENDSWITH")), LITERAL_TEXT),
)


def conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        spaced(inner, cased("AND"), inner),
        spaced(inner, cased("OR"), inner),
        spaced("NOT", "(", inner, ")"),
        spaced("(", inner, ")"),
        spaced("(", inner, ")", "IS", "NULL"),
    )


WILD = st.recursive(extended(PRIMARY), extended, max_leaves=5)
SOUND = st.recursive(PLAIN, conditions, max_leaves=5)
EXPRESSIONS = SOUND | SOUND | SOUND | WILD | SOUND.flatmap(spoiled)
ITEMS = st.tuples(NAME, TEXT).map("\x01".join) | st.sampled_from(
    ("", "a", "a\x01", "\x01x", "a\x01x\x01y", "xa\x01z")
)
PROPERTIES = st.lists(ITEMS, max_size=6).map(lambda items: "\x02".join([*items, ""]))
CASES = st.builds(Case, EXPRESSIONS, st.tuples(*[PROPERTIES] * 4))


def corpus(count: int) -> list[Case]:
    """Make so many cases, the same ones each time."""
    found: list[Case] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(CASES)
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return found


def our_answer(case: Case) -> str:
    """Give what ours answers, in the letters of Selectors.java.

    Upstream reads an expression up to where it could end, and ignores what stands
    behind it. Ours refuses that; here the part before it is asked instead.
    """
    text = case.text
    try:
        evaluate = read(text).evaluate
    except SqlError as error:
        if "the end, not " not in error.problem:
            return "P"
        try:
            evaluate = read(text[: error.at]).evaluate
        except SqlError:
            return "P"
    return "".join(one_answer(evaluate, each) for each in case.properties)


def one_answer(evaluate: Evaluate, properties: str) -> str:
    try:
        value = evaluate(b"\x02" + properties.encode())
    except UndecidedError:
        return "E"
    return "N" if value is None else "T" if value else "F"


def genuine_answers(cases: Sequence[Case]) -> list[str]:
    """Have the genuine evaluator answer."""
    import peer  # noqa: PLC0415 - needs Java

    lines = [
        " ".join(b64encode(w.encode()).decode() for w in (c.text, *c.properties))
        for c in cases
    ]
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            peer.java("Selectors", home=home),
            input="\n".join(lines) + "\n",
            text=True,
            check=True,
            stdout=subprocess.PIPE,
            timeout=60,
        )
    return done.stdout.split("\n")[:-1]


def record() -> None:
    cases = corpus(RECORDED_CASES)
    rows = [
        [*case, answer]
        for case, answer in zip(cases, genuine_answers(cases), strict=True)
    ]
    RECORDED.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
    print(len(rows), "answers in", RECORDED)


if __name__ == "__main__":
    sys.path.insert(0, str(TESTS / "interop" / "kit"))
    record()
