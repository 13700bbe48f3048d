import pytest
from admin_kit import AdminCluster, told
from client_kit import result_of
from schedule_kit import DUE_MS, waiting_cluster

from twistedmq.admin.client import Admin
from twistedmq.admin.schedules import Schedules, WaitingLevel, WaitingTopic
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.codes import RequestCode, ResponseCode

NAME, ADDRESS = "broker-0", "192.0.2.10:10911"


@pytest.fixture
def cluster() -> AdminCluster:
    return waiting_cluster()


@pytest.fixture
def schedules(cluster: AdminCluster) -> Schedules:
    return result_of(Admin(settings=cluster.settings()).start()).schedules


def test_what_waits_by_level(schedules: Schedules) -> None:
    assert result_of(schedules.levels(NAME, ADDRESS)) == [
        WaitingLevel(NAME, 1, "1s", 0, None),
        WaitingLevel(NAME, 2, "5s", 2, DUE_MS + 3000),
        WaitingLevel(NAME, 3, "10m", 5, DUE_MS + 4000),
    ]


def test_the_next_may_go_while_we_ask(
    cluster: AdminCluster, schedules: Schedules
) -> None:
    cluster.answers[RequestCode.QUERY_CONSUME_QUEUE] = told()
    second = result_of(schedules.levels(NAME, ADDRESS))[1]
    assert (second.waiting, second.next_due_ms) == (2, None)


def test_what_is_timed_by_topic(schedules: Schedules) -> None:
    assert result_of(schedules.timed(NAME, ADDRESS)) == [
        WaitingTopic(NAME, "orders", 3, 1_700_000_000_000)
    ]


@pytest.mark.parametrize(
    ("code", "remark"),
    [
        (ResponseCode.SYSTEM_ERROR, "The timer message store is null"),
        (ResponseCode.REQUEST_CODE_NOT_SUPPORTED, "what?"),
    ],
)
def test_a_broker_without_timers(
    cluster: AdminCluster, schedules: Schedules, code: int, remark: str
) -> None:
    cluster.refuse[RequestCode.GET_TIMER_METRICS] = (code, remark)
    assert result_of(schedules.timed(NAME, ADDRESS)) == []


def test_other_refusals_are_told(cluster: AdminCluster, schedules: Schedules) -> None:
    refused = (ResponseCode.SYSTEM_ERROR, "on fire")
    cluster.refuse[RequestCode.GET_TIMER_METRICS] = refused
    with pytest.raises(RefusedError, match="on fire"):
        result_of(schedules.timed(NAME, ADDRESS))
