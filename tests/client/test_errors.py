from twistedmq.client.errors import (
    BrokerNotFoundError,
    RefusedError,
    RouteNotFoundError,
    SendFailedError,
    SendTimeoutError,
)


def test_a_refusal_names_its_code() -> None:
    error = RefusedError(17, "no topic", "192.0.2.1:10911")
    assert str(error) == "192.0.2.1:10911 refused: TOPIC_NOT_EXIST (17): no topic"
    assert (error.code, error.remark) == (17, "no topic")


def test_a_refusal_with_a_new_code_is_shown_too() -> None:
    assert "unknown code (4711)" in str(RefusedError(4711, None, "a:1"))


def test_a_failed_send_keeps_all_causes_and_the_last_code() -> None:
    causes: list[BaseException] = [BrokerNotFoundError("a"), RefusedError(2, "", "b:1")]
    error = SendFailedError("T", ["a", "b"], causes)
    assert error.causes == causes
    assert error.code == 2
    assert "brokers a, b" in str(error)


def test_a_failed_send_without_attempts_says_so() -> None:
    assert "no broker to send to" in str(SendFailedError("T", [], []))


def test_facts_are_attributes() -> None:
    assert RouteNotFoundError("T").topic == "T"
    timeout = SendTimeoutError("T", 3.0, [OSError("one"), OSError("two")])
    assert (timeout.timeout_s, timeout.attempts) == (3.0, 2)
    assert str(timeout) == "a send to 'T' took over 3 s (2 failures, the last: two)"
