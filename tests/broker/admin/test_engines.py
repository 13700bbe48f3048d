import pytest

from twistedmq.broker.admin.engines import table
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.headers import ExportRocksDBConfigToJsonRequestHeader
from twistedmq.testing.connections import make_request


def switch(**fields: str) -> Reply:
    code = RequestCode.SWITCH_TIMER_ENGINE
    reply = table()[code](make_request(code, fields=fields))
    assert isinstance(reply, Reply)
    return reply


def export(config_type: str) -> Reply:
    code = RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON
    header = ExportRocksDBConfigToJsonRequestHeader(config_type=config_type)
    reply = table()[code](make_request(code, header))
    assert isinstance(reply, Reply)
    return reply


def test_the_timer_wheel_is_the_engine_there_is() -> None:
    assert switch(E_T="F") == Reply(remark="switch timer engine success")


def test_the_time_line_cannot_be_switched_to() -> None:
    reply = switch(E_T="R")
    assert reply.code == ResponseCode.INVALID_PARAMETER
    assert "timerUseRocksDB" in (reply.remark or "")


@pytest.mark.parametrize("fields", [{}, {"E_T": ""}, {"E_T": "X"}])
def test_other_engines_do_not_exist(fields: dict[str, str]) -> None:
    reply = switch(**fields)
    assert (reply.code, reply.remark) == (29, "param error")


@pytest.mark.parametrize("types", ["topics", "TOPICS;consumerOffsets;", ""])
def test_there_is_nothing_to_export(types: str) -> None:
    assert export(types) == Reply(remark="export done.")


def test_a_table_that_does_not_exist() -> None:
    with pytest.raises(FieldError, match="'users', not one of topics"):
        export("topics;users")
