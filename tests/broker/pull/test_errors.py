from twistedmq.broker.pull.errors import FORBIDDEN_BY_GROUP, PullForbiddenError
from twistedmq.protocol.codes import ResponseCode


def test_the_error_says_whose_rule_it_is() -> None:
    error = PullForbiddenError(FORBIDDEN_BY_GROUP, "no")
    assert error.forbidden_type == 2
    assert error.code == ResponseCode.NO_PERMISSION
    assert str(error) == "no"
