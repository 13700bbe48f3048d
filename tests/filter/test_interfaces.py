from twistedmq.filter.interfaces import PASS_ALL, ExpressionError
from twistedmq.protocol.codes import ResponseCode


def test_the_error_names_the_expression() -> None:
    error = ExpressionError("SQL92", "a >", "ends too early")
    assert error.code == ResponseCode.SUBSCRIPTION_PARSE_FAILED
    assert "a >" in str(error)
    assert error.expression_type == "SQL92"


def test_pass_all_has_no_predicates() -> None:
    assert PASS_ALL.tags is None
    assert PASS_ALL.matches is None
