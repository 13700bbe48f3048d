from twistedmq.filter.sql.errors import SqlError


def test_the_error_keeps_its_place() -> None:
    error = SqlError("wrong", 7)
    assert (str(error), error.problem, error.at) == ("wrong", "wrong", 7)
