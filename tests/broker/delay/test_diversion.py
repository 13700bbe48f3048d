import pytest

from twistedmq.broker.delay.diversion import (
    DelayDiversion,
    asked_level,
    level_of,
    queue_of,
)
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.system_flags import (
    TRANSACTION_COMMIT,
    TRANSACTION_PREPARED,
    TRANSACTION_ROLLBACK,
)
from twistedmq.store.delay_levels import DelayLevels

divert = DelayDiversion(DelayLevels("1s 5s 10s"))


def message(level: str | None = None, **more: object) -> InnerMessage:
    properties = {"TAGS": "a"} | ({} if level is None else {"DELAY": level})
    return InnerMessage("T", 5, properties, b"x", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "level"), [("1", 1), ("+2", 2), ("03", 3), ("4", 3), ("2147483647", 3)]
)
def test_a_message_waits_in_the_queue_of_its_level(asked: str, level: int) -> None:
    diverted = divert(message(asked))
    assert diverted is not None
    waits = diverted.message
    assert (waits.topic, waits.queue_id) == ("SCHEDULE_TOPIC_XXXX", level - 1)
    assert waits.properties == {
        "TAGS": "a",
        "DELAY": str(level),
        "REAL_TOPIC": "T",
        "REAL_QID": "5",
    }
    assert diverted.answer_fields() == {}


@pytest.mark.parametrize("asked", [None, "", "0", "-1", "-2147483647"])
def test_without_a_level_it_is_no_concern_of_ours(asked: str | None) -> None:
    assert divert(message(asked)) is None


@pytest.mark.parametrize("asked", ["soon", "1s", "1.5", "2147483648", "9" * 5000, "٣"])
def test_what_is_no_level_is_refused(asked: str) -> None:
    with pytest.raises(MessageIllegalError, match="DELAY="):
        divert(message(asked))


def test_a_half_message_waits_for_its_transaction_first() -> None:
    assert divert(message("1", sys_flag=TRANSACTION_PREPARED)) is None
    assert divert(message("1", sys_flag=TRANSACTION_ROLLBACK)) is None
    assert divert(message("1", sys_flag=TRANSACTION_COMMIT)) is not None


def test_a_level_counts_more_than_a_time() -> None:
    asked = message("1")
    asked.properties |= {"TIMER_DELIVER_MS": "9", "TIMER_DELAY_SEC": "9"}
    diverted = divert(asked)
    assert diverted is not None
    assert not any(name.startswith("TIMER") for name in diverted.message.properties)


def test_levels_and_queues() -> None:
    assert [queue_of(level) for level in (1, 18)] == [0, 17]
    assert [level_of(queue) for queue in (0, 17)] == [1, 18]
    assert asked_level({"DELAY": " 7 "}) == 7
