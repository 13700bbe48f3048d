"""CHECK_TRANSACTION_STATE, as the genuine broker sends it."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import asdict
from write_side import HOST, genuine_pairs

from twistedmq.broker.clients.consumer_group import Member
from twistedmq.broker.transactions.asking import ProducerAsker
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.protocol.fields import encode_fields
from twistedmq.protocol.names import HALF_TOPIC
from twistedmq.protocol.record import Record, decode_record
from twistedmq.testing.connections import FakeConnection


def asker(connection: Any) -> ProducerAsker:
    identity = Live(BrokerIdentity(broker_name="broker-a"))
    member = connection and Member("c", connection, 0, 0, 0.0)
    return ProducerAsker(lambda group: member, identity, HOST)


def test_the_question_is_the_genuine_one() -> None:
    for request, _ in genuine_pairs("check_transaction_state"):
        body = bytes.fromhex(request["body_hex"])
        half = decode_record(body)
        half.topic, half.queue_id = HALF_TOPIC, 0
        connection = FakeConnection()
        asker(connection).ask(half)
        (sent,) = connection.one_ways
        assert sent.code == 39
        assert sent.header is not None
        assert encode_fields(sent.header) == request["header"]["extFields"]
        assert sent.body == body


def test_a_half_that_says_nothing_is_asked_about_all_the_same() -> None:
    connection = FakeConnection()
    half = Record(topic=HALF_TOPIC, queue_offset=3, physical_offset=70)
    asker(connection).ask(half)
    (sent,) = connection.one_ways
    assert asdict(sent.header)["commit_log_offset"] == 70
    assert decode_record(sent.body).topic == ""
    assert half.topic == HALF_TOPIC


def test_that_nobody_is_there_is_said_once(logged: Callable[..., bool]) -> None:
    alone = asker(None)
    half = Record(topic=HALF_TOPIC, properties=b"PGROUP\x01shop\x02")
    for _ in range(3):
        alone.ask(half)
    alone.tell_of_nobody()
    assert logged("3 half messages of producer group shop")
    assert not logged("6 half messages")
    alone.tell_of_nobody()
