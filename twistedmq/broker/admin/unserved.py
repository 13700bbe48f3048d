"""Requests that are answered, but not served: the one list of them, with reasons.

Each gets the answer of a genuine broker to which the request means nothing either: one
without static topics, without a controller, without RocksDB. Codes that are neither
here nor served are refused with REQUEST_CODE_NOT_SUPPORTED, as the genuine one does.
"""

from typing import Final

from msgspec import Struct

from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.remoting.interfaces import Handler, HandlerTable

NO_REMARK_SET: Final = "not set any response code"
"""What the genuine library begins every answer with, and here leaves in it."""


class Unserved(Struct, frozen=True):
    """One request code, and the answer that everybody gets."""

    code: RequestCode
    reason: str
    """Why it is not served, for people."""
    answer: ResponseCode
    remark: str | None = None
    body: bytes = b""


UNSERVED: Final = (
    Unserved(
        RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC,
        "there are no static topics yet; brokers before 5.0 answer so",
        ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
        " request type 513 not supported",
    ),
    Unserved(
        RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS,
        "queues are in files only, so that there is nothing to compare; the genuine "
        "one says that it has begun, and tells the outcome to its log alone",
        ResponseCode.SUCCESS,
        NO_REMARK_SET,
        b'{"checkStatus":2}',
    ),
    Unserved(
        RequestCode.RESET_MASTER_FLUSH_OFFSET,
        "only a slave remembers how far its master has flushed",
        ResponseCode.SUCCESS,
    ),
    Unserved(
        RequestCode.GET_BROKER_EPOCH_CACHE,
        "no controller elects masters, so that there are no epochs",
        ResponseCode.SYSTEM_ERROR,
        "this request only for controllerMode ",
    ),
    Unserved(
        RequestCode.POP_ROLLBACK,
        "the records of popped messages are in the file store already",
        ResponseCode.SUCCESS,
        NO_REMARK_SET,
    ),
)


def table() -> HandlerTable:
    """Give what answers these codes."""
    return {each.code: _answering(each) for each in UNSERVED}


def _answering(each: Unserved) -> Handler:
    return lambda _request: Reply(each.answer, remark=each.remark, body=each.body)
