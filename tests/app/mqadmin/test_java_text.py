from datetime import datetime

import pytest
from client_kit import result_of
from msgspec.structs import replace
from verbs_kit import BROKER, busy_cluster

from twistedmq.admin.client import Admin
from twistedmq.app.mqadmin import java_text
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import InvalidParameterError


def test_times_are_read_and_written_in_local_time() -> None:
    noon = int(datetime(2026, 11, 26, 12, 0, 5).timestamp()) * 1000 + 78
    assert java_text.digits(noon) == "20261126120005078"
    assert java_text.time_ms("2026-11-26#12:00:05:078") == noon
    assert java_text.time_ms(" 1700000000000 ") == 1_700_000_000_000
    assert java_text.time_ms("-1") == -1
    for wrong in ("soon", "2026-13-26#12:00:05:078", "2026-11-26 12:00:05"):
        with pytest.raises(InvalidParameterError, match="is no time"):
            java_text.time_ms(wrong)


def test_a_table_has_the_order_of_a_genuine_one() -> None:
    names = "KEYS UNIQ_KEY CLUSTER WAIT TAGS MSG_REGION TRACE_ON MIN_OFFSET MAX_OFFSET"
    ordered = java_text.hash_order(dict.fromkeys(names.split(), "x"), 128)
    # as the genuine tool printed it
    assert " ".join(ordered) == (
        "MSG_REGION UNIQ_KEY CLUSTER MIN_OFFSET TAGS KEYS WAIT TRACE_ON MAX_OFFSET"
    )


def test_a_table_grows() -> None:
    many = {f"name{number}": "" for number in range(40)}
    assert sorted(java_text.hash_order(many)) == sorted(many)


def test_character_sets() -> None:
    assert java_text.known_charset(None) is None
    assert java_text.known_charset("GBK") == "GBK"
    assert java_text.decoded(b"a\xff", "UTF-8") == "a\ufffd"
    with pytest.raises(InvalidParameterError, match="'klingon' is no character set"):
        java_text.known_charset("klingon")


def test_a_body_that_is_no_text_is_told_as_base64() -> None:
    cluster = busy_cluster()
    admin = result_of(Admin(settings=cluster.settings()).start())
    stored = result_of(admin.messages.at(MessageQueue("T", BROKER, 1), 0))
    assert java_text.message_value(stored)["body"] == "zwölf"
    assert "body=[122, 119, -61, -74, 108, 102]" in java_text.message_text(stored)
    binary = replace(stored, message=replace(stored.message, body=b"\xff"))
    value = java_text.message_value(binary)
    assert value["body_base64"] == b"\xff"
    assert "body" not in value


def test_the_id_of_a_transaction_is_that_of_its_half() -> None:
    cluster = busy_cluster()
    admin = result_of(Admin(settings=cluster.settings()).start())
    stored = result_of(admin.messages.at(MessageQueue("T", BROKER, 0), 0))
    assert "transactionId='null'" in java_text.message_text(stored)
    half = stored.record.properties + b"TRAN_MSG\x01true\x02"
    as_half = replace(stored, record=replace(stored.record, properties=half))
    assert "transactionId='7F0000" in java_text.message_text(as_half)
