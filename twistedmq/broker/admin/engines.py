"""Requests to choose among engines and formats of which this broker has one each.

Source: AdminBrokerProcessor.
"""

from typing import Final

from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.headers import ExportRocksDBConfigToJsonRequestHeader
from twistedmq.remoting.interfaces import HandlerTable, Request

ENGINE_FIELD: Final = "E_T"
TIMER_WHEEL: Final = "F"
TIMER_LINE: Final = "R"
"""The time line in RocksDB."""

CONFIG_TYPES: Final = ("topics", "subscriptionGroups", "consumerOffsets")
"""Tables that can be asked for, in any case and several at once, between semicolons."""


def table() -> HandlerTable:
    """Give the handlers by request code."""
    return {
        RequestCode.SWITCH_TIMER_ENGINE: switch_timer_engine,
        RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON: export_tables,
    }


def switch_timer_engine(request: Request) -> Reply:
    """Go on with the timer wheel: the only engine here, and a genuine one's default."""
    engine = request.command.fields.get(ENGINE_FIELD)
    if engine == TIMER_WHEEL:
        return Reply(remark="switch timer engine success")
    wrong = "param error"
    if engine == TIMER_LINE:
        wrong = "timerUseRocksDB muse be configured true when broker start"
    return Reply(ResponseCode.INVALID_PARAMETER, remark=wrong)


def export_tables(request: Request) -> Reply:
    """Do nothing: the tables are JSON files already, as in a genuine broker's default.

    Raises: FieldError, if a table is asked for that does not exist.
    """
    header: ExportRocksDBConfigToJsonRequestHeader = request.header
    known = {name.lower() for name in CONFIG_TYPES}
    for name in filter(None, header.config_type.split(";")):
        if name.strip().lower() not in known:
            raise FieldError(
                "ExportRocksDBConfigToJsonRequestHeader",
                f"configType has {name!r}, not one of {', '.join(CONFIG_TYPES)}",
            )
    return Reply(remark="export done.")
