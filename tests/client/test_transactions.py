from collections.abc import Callable
from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from twistedmq.client.errors import NoOutcomeError, NoTransactionCheckError
from twistedmq.client.message import Message, Receipt, ReceivedMessage
from twistedmq.client.producer import Producer
from twistedmq.client.transactions import Outcome
from twistedmq.protocol import properties
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.headers.send import CheckTransactionStateRequestHeader
from twistedmq.protocol.record import Record, encode_record
from twistedmq.protocol.system_flags import TRANSACTION_PREPARED
from twistedmq.remoting.interfaces import Request

COMMIT, ROLLBACK, UNKNOWN = Outcome.COMMIT, Outcome.ROLLBACK, Outcome.UNKNOWN


def never(_: ReceivedMessage) -> Outcome:
    raise AssertionError


class Ends:
    """The ends that a broker hears of."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.heard: list[Any] = []
        cluster.serve[RequestCode.END_TRANSACTION] = self.hear
        self.answer = Command(code=0)

    def hear(self, address: str, header: Any, body: bytes) -> Command:
        self.heard.append(header)
        return self.answer

    def outcomes(self) -> list[int]:
        return [each.commit_or_rollback for each in self.heard]


class Line:
    """A connection by which a broker asks."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, Any, bytes]] = []

    def send_one_way(self, code: int, header: Any, body: bytes) -> None:
        self.sent.append((code, header, body))


@pytest.fixture
def ends(cluster: FakeCluster) -> Ends:
    cluster.create("T")
    return Ends(cluster)


def open_producer(cluster: FakeCluster, check: Any = never) -> Producer:
    return result_of(Producer("P", settings=cluster.settings(), check=check).start())


def asked(producer: Producer, connection: Any, group: str = "P") -> Any:
    """Have a broker ask what became of a half."""
    stored = {"UNIQ_KEY": "ID7", "PGROUP": group, "TRAN_MSG": "true", "KEYS": "o-7"}
    half = Record(topic="T", body=b"order 7", properties=properties.format(stored))
    header = CheckTransactionStateRequestHeader(
        topic="RMQ_SYS_TRANS_HALF_TOPIC",
        tran_state_table_offset=3,
        commit_log_offset=4711,
        transaction_id="ID7",
        target_broker="broker-0",
    )
    command = Command(
        code=RequestCode.CHECK_TRANSACTION_STATE, body=encode_record(half)
    )
    return producer._session._serve(Request(command, header, connection))


def test_the_half_is_sent_then_the_work_done_then_it_is_ended(
    cluster: FakeCluster, ends: Ends
) -> None:
    steps: list[Any] = []

    def work(half: Receipt) -> Outcome:
        steps.append((cluster.bodies("T"), ends.outcomes(), half.message_id))
        return COMMIT

    producer = open_producer(cluster)
    receipt = result_of(producer.send_in_transaction(Message("T", b"x"), work))
    assert steps == [([b"x"], [], receipt.message_id)]
    assert (receipt.outcome, receipt.confirmed) == (COMMIT, True)
    header = next(h for _, c, h in cluster.requests if c == RequestCode.SEND_MESSAGE_V2)
    assert header.sys_flag == TRANSACTION_PREPARED
    stored = properties.parse(header.properties)
    assert (stored["TRAN_MSG"], stored["PGROUP"]) == ("true", "P")
    [end] = ends.heard
    assert (end.topic, end.producer_group, end.msg_id) == ("T", "P", receipt.message_id)
    assert (end.tran_state_table_offset, end.commit_log_offset) == (0, 0)
    assert end.target_broker == "broker-0"
    assert not end.from_transaction_check


async def from_coroutine(half: Receipt) -> Outcome:
    await succeed(None)
    return ROLLBACK


@pytest.mark.parametrize(
    "work", [lambda _: ROLLBACK, lambda _: succeed(ROLLBACK), from_coroutine]
)
def test_the_work_may_be_plain_a_deferred_or_a_coroutine(
    cluster: FakeCluster, ends: Ends, work: Any
) -> None:
    producer = open_producer(cluster)
    receipt = result_of(producer.send_in_transaction(Message("T", b"x"), work))
    assert receipt.outcome is ROLLBACK
    assert ends.outcomes() == [ROLLBACK]


def test_what_is_not_known_has_no_answer(cluster: FakeCluster, ends: Ends) -> None:
    producer = open_producer(cluster)
    sent = producer.send_in_transaction(Message("T", b"x"), lambda _: UNKNOWN)
    receipt = result_of(sent)
    assert (receipt.outcome, receipt.confirmed) == (UNKNOWN, False)
    assert [code for _, code, _ in cluster.one_ways] == [RequestCode.END_TRANSACTION]


@pytest.mark.parametrize("given", [None, True, 8])
def test_work_that_fails_comes_out_and_leaves_the_half_open(
    cluster: FakeCluster, ends: Ends, given: Any
) -> None:
    producer = open_producer(cluster)
    with pytest.raises(ZeroDivisionError):
        result_of(producer.send_in_transaction(Message("T", b"x"), lambda _: 1 // 0))  # type: ignore[arg-type,return-value]
    with pytest.raises(NoOutcomeError) as raised:
        result_of(producer.send_in_transaction(Message("T", b"x"), lambda _: given))
    assert raised.value.given is given
    assert ends.outcomes() == [UNKNOWN, UNKNOWN]


def test_a_half_that_may_be_lost_is_rolled_back_before_any_work(
    cluster: FakeCluster, ends: Ends
) -> None:
    late = {"msgId": "C000020A00002A9F0000000000000000"}
    cluster.serve[RequestCode.SEND_MESSAGE_V2] = lambda *_: Command(
        code=ResponseCode.FLUSH_DISK_TIMEOUT,
        fields=late | {"queueId": "0", "queueOffset": "5"},
    )
    producer = open_producer(cluster)
    work: Callable[[Receipt], Outcome] = lambda _: 1 // 0  # type: ignore[assignment,return-value] # noqa: E731
    receipt = result_of(producer.send_in_transaction(Message("T", b"x"), work))
    assert receipt.outcome is ROLLBACK
    assert ends.outcomes() == [ROLLBACK]


def test_an_end_that_is_refused_is_told(cluster: FakeCluster, ends: Ends) -> None:
    ends.answer = Command(code=ResponseCode.SYSTEM_ERROR, remark="not found")
    producer = open_producer(cluster)
    sent = producer.send_in_transaction(Message("T", b"x"), lambda _: COMMIT)
    receipt = result_of(sent)
    assert (receipt.outcome, receipt.confirmed) == (COMMIT, False)


def test_what_cannot_be_a_half_is_told_before_it_is_sent(
    cluster: FakeCluster, ends: Ends
) -> None:
    producer = open_producer(cluster)
    with pytest.raises(MessageIllegalError) as raised:
        result_of(
            producer.send_in_transaction(
                Message("T", b"x", delay_s=3), lambda _: COMMIT
            )
        )
    assert raised.value.field == "delay"
    without = result_of(Producer("P", settings=cluster.settings()).start())
    with pytest.raises(NoTransactionCheckError, match="'P'"):
        result_of(without.send_in_transaction(Message("T", b"x"), lambda _: COMMIT))
    assert not cluster.bodies("T")


def test_closing_waits_for_the_work_and_its_end(
    cluster: FakeCluster, ends: Ends
) -> None:
    producer = open_producer(cluster)
    working: Deferred[Outcome] = Deferred()
    sent = held(producer.send_in_transaction(Message("T", b"x"), lambda _: working))
    closed = held(producer.close())
    assert (sent, closed) == ([], [])
    working.callback(COMMIT)
    assert sent[0].confirmed
    assert closed == [None]


def test_the_broker_is_told_what_became_of_a_half(cluster: FakeCluster) -> None:
    halves: list[ReceivedMessage] = []

    async def check(half: ReceivedMessage) -> Outcome:
        halves.append(half)
        return COMMIT

    connection = Line()
    assert asked(open_producer(cluster, check), connection).code == 0
    [half] = halves
    assert (half.topic, half.body, half.message_id) == ("T", b"order 7", "ID7")
    assert half.keys == ("o-7",)
    [(code, end, _)] = connection.sent
    assert code == RequestCode.END_TRANSACTION
    assert (end.commit_or_rollback, end.from_transaction_check) == (COMMIT, True)
    assert (end.tran_state_table_offset, end.commit_log_offset) == (3, 4711)
    assert (end.msg_id, end.transaction_id, end.topic) == ("ID7", "ID7", "T")
    assert (end.producer_group, end.target_broker) == ("P", "broker-0")


def test_a_check_that_fails_leaves_the_half_open(
    cluster: FakeCluster, logged_failures: Any
) -> None:
    connection = Line()
    asked(open_producer(cluster, lambda _: 1 // 0), connection)
    assert connection.sent[0][1].commit_or_rollback == UNKNOWN
    assert len(logged_failures.flush(ZeroDivisionError)) == 1


def test_closing_waits_for_a_check(cluster: FakeCluster, clock: Clock) -> None:
    answer: Deferred[Outcome] = Deferred()
    producer, connection = open_producer(cluster, lambda _: answer), Line()
    asked(producer, connection)
    closed = held(producer.close())
    assert not closed
    answer.callback(ROLLBACK)
    assert closed == [None]
    assert connection.sent[0][1].commit_or_rollback == ROLLBACK


def test_halves_of_another_group_are_not_ours_to_decide(cluster: FakeCluster) -> None:
    connection = Line()
    answer = asked(open_producer(cluster), connection, group="Other")
    assert answer.code == ResponseCode.SYSTEM_ERROR
    assert not connection.sent
