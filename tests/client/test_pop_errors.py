from client_kit import received

from twistedmq.client.pop_errors import (
    AckFailedError,
    NotPoppedError,
    ReceiptHandleExpiredError,
)


def test_errors_say_what_it_was() -> None:
    late = ReceiptHandleExpiredError("ID", "0 1 2", 30)
    assert str(late) == "the receipt handle '0 1 2' of ID ended 30 ms ago"
    assert (late.message_id, late.handle, late.late_ms) == ("ID", "0 1 2", 30)
    assert "is no good any more" in str(ReceiptHandleExpiredError("ID", "", None))
    assert "ID has no receipt handle" in str(NotPoppedError("ID"))


def test_those_that_failed_are_told_apart() -> None:
    message, cause = received("x"), ValueError("no")
    error = AckFailedError(3, [(message, cause)])
    assert error.failures == [(message, cause)]
    assert str(error) == "1 of 3 messages are not acked; the first: no"
