from typing import Any

import pytest
from read_side import ReadSide

from twistedmq.broker.replies.keeping import ReplyKeeper
from twistedmq.config.live import Live
from twistedmq.config.replies import RepliesConfig
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers import SendMessageRequestHeaderV2
from twistedmq.protocol.properties import parse
from twistedmq.protocol.record import decode_record
from twistedmq.testing.connections import make_request

HOST = b"\x7f\0\0\x02" + (21120).to_bytes(4)
NOT_STORED = {"msgId": "0", "queueId": "2", "queueOffset": "0"}


class Keeping(ReadSide):
    def __init__(self) -> None:
        super().__init__()
        self.config = Live(RepliesConfig())
        limits = Live(StoreConfig(max_message_bytes=1000))
        self.keeper = ReplyKeeper(self.store, self.config, limits, HOST, self.counters)

    def keep(self, body: bytes = b"r", **properties: str) -> dict[str, str]:
        text = "".join(f"{k}\x01{v}\x02" for k, v in properties.items())
        values: dict[str, Any] = {
            "producer_group": "P",
            "topic": "R",
            "default_topic": "TBW102",
            "default_topic_queue_nums": 4,
            "queue_id": -1,
            "sys_flag": 0,
            "born_timestamp": 17,
            "flag": 5,
            "properties": text,
        }
        header = SendMessageRequestHeaderV2(**values)
        request = make_request(RequestCode.SEND_REPLY_MESSAGE_V2, header, body)
        return self.keeper.keep(request, 2, properties)


def test_a_reply_is_a_message_like_others() -> None:
    side = Keeping()
    fields = side.keep(TAGS="a", CORRELATION_ID="c")
    assert fields["queueId"] == "2"
    assert fields["queueOffset"] == "0"
    assert fields["msgId"] == "7F0000020000528000000000" + "0" * 8
    record = side.store.record_at(0)
    assert isinstance(record, bytes | memoryview)
    stored = decode_record(record)
    assert (stored.topic, stored.queue_id, stored.flag) == ("R", 2, 5)
    assert parse(stored.properties) == {"TAGS": "a", "CORRELATION_ID": "c"}
    assert side.keep()["queueOffset"] == "1"


def test_replies_need_not_be_kept() -> None:
    side = Keeping()
    side.config.replace(stored=False)
    assert side.keep() == NOT_STORED
    assert side.store.queue_bounds("R", 2) == (0, 0)


@pytest.mark.parametrize(
    "fields", [{"body": b"x" * 1001}, {"p": "v" * 32_768}, {"p": "v" * 70_000}]
)
def test_what_is_too_large_is_not_kept(fields: dict[str, Any]) -> None:
    side = Keeping()
    assert side.keep(**fields) == NOT_STORED
    assert side.store.queue_bounds("R", 2) == (0, 0)
