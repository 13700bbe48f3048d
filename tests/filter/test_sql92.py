import subprocess
import sys

import pytest
from zope.interface.verify import verifyObject

from twistedmq.filter.interfaces import ExpressionError, IExpression
from twistedmq.filter.sql92 import MOST_CHARACTERS, SETTING, Sql92Expression


def test_provides_the_interface() -> None:
    assert verifyObject(IExpression, Sql92Expression())


def test_an_expression_is_compiled_once() -> None:
    language = Sql92Expression()
    assert language.compile("a = 1") is language.compile("a = 1")
    assert language.compile("a = 1").tags is None


def test_a_wrong_one_is_refused_each_time() -> None:
    language = Sql92Expression()
    told = set()
    for _ in range(2):
        with pytest.raises(ExpressionError, match="line 1, column 3") as caught:
            language.compile("a ~ 1")
        told.add(caught.value)
    assert len(told) == 2


def test_long_ones_are_refused_unread() -> None:
    longest = "a = 1 OR".ljust(MOST_CHARACTERS - 1) + "b"
    Sql92Expression().compile(longest)
    with pytest.raises(
        ExpressionError, match=f"more than {SETTING}={MOST_CHARACTERS}"
    ) as caught:
        Sql92Expression().compile(longest + " ")
    assert len(str(caught.value)) < 200


def test_the_start_does_not_wait_for_the_grammar() -> None:
    program = "import sys, twistedmq.app.broker_parts; sys.exit('lark' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_how_long_an_expression_may_be_can_change() -> None:
    most = [5]
    expression = Sql92Expression(lambda: most[0])
    with pytest.raises(
        ExpressionError, match=f"6 characters are more than {SETTING}=5"
    ):
        expression.compile("a = 12")
    most[0] = 6
    expression.compile("a = 12")
