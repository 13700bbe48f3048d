"""From the text of a subscription to what the store asks of each record."""

from twistedmq.filter.interfaces import ExpressionError, Filter
from twistedmq.filter.sql.errors import SqlError, UndecidedError
from twistedmq.filter.sql.operands import Evaluate
from twistedmq.filter.sql.reading import read
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.record import properties_of
from twistedmq.store.interfaces import RecordPredicate


def compile_text(expression_type: str, text: str) -> Filter:
    """Compile *text*.

    Raises:
        ExpressionError: it says where, by line and column, and what was expected.
    """
    try:
        return Filter(matches=record_predicate(read(text).evaluate))
    except SqlError as error:
        raise ExpressionError(
            expression_type, text, f"{place(text, error.at)}: {error.problem}"
        ) from None


def place(text: str, at: int) -> str:
    """Give the line and column of *at*, both counted from 1."""
    lines = text[:at].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"


def record_predicate(evaluate: Evaluate) -> RecordPredicate:
    """Give what asks *evaluate* of the properties of a record."""

    def matches(record: Buffer) -> bool:
        try:
            return evaluate(b"\x02" + bytes(properties_of(record))) is True
        except UndecidedError:
            return False

    return matches
