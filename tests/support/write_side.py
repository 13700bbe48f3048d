"""The tables of a broker and what it is sent, for tests of the write side."""

import json
from pathlib import Path
from random import Random
from typing import Any

from any_store import any_store
from twisted.internet.task import Clock

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.delay.diversion import DelayDiversion
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.inner.diversion import Diversions
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.locks.table import QueueLocks
from twistedmq.broker.send.admission import Admission
from twistedmq.broker.send.handlers import SendHandlers
from twistedmq.broker.send.send_back import SendBackHandlers
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import (
    BrokerIdentity,
    BrokerLimits,
    GroupDefaults,
    SendConfig,
    TopicDefaults,
)
from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.codec import decode_command, encode_request
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.framing import FrameDecoder
from twistedmq.protocol.headers import SendMessageRequestHeaderV2
from twistedmq.store.delay_levels import DelayLevels
from twistedmq.store.interfaces import IMessageStore

WIRE = Path(__file__).parent.parent / "vectors" / "wire"
NOW_MS = 1_700_000_000_000
HOST = b"\x7f\0\0\x02" + (21120).to_bytes(4)
"""127.0.0.2:21120, the broker of the vectors."""


def genuine_pairs(name: str) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Give the recorded requests of one kind with their answers, if they had one."""
    text = (WIRE / f"{name}.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    answers = {v["pair"]: v for v in lines if v["direction"] == "response"}
    return [(v, answers.get(v["pair"])) for v in lines if v["direction"] == "request"]


def frame_of(vector: dict[str, Any]) -> bytes:
    """Give the frame of a recorded request without its length."""
    return bytes.fromhex(vector["frame_hex"])[4:]


def command_of(vector: dict[str, Any]) -> Command:
    """Give a recorded request, decoded."""
    return decode_command(frame_of(vector))


def send_frame(
    topic: str = "T",
    body: bytes = b"hello",
    *,
    code: int = RequestCode.SEND_MESSAGE_V2,
    opaque: int = 5,
    flag: int = 0,
    **fields: Any,
) -> bytes:
    """Give the frame of a send without its length."""
    values: dict[str, Any] = {
        "producer_group": "p",
        "topic": topic,
        "default_topic": "TBW102",
        "default_topic_queue_nums": 4,
        "queue_id": 0,
        "sys_flag": 0,
        "born_timestamp": 17,
        "flag": 0,
        "properties": "UNIQ_KEY\x01U1\x02",
    }
    header = SendMessageRequestHeaderV2(**values | fields)
    return encode_request(code, opaque, header, body, flag=flag)[4:]


def answers_in(data: bytes) -> dict[int, Command]:
    """Give the answers in *data* by opaque."""
    frames = FrameDecoder(1 << 24).feed(data)
    return {answer.opaque: answer for answer in map(decode_command, frames)}


class WriteSide:
    """A broker's write side with a memory store on a virtual clock."""

    def __init__(
        self,
        identity: BrokerIdentity | None = None,
        store: IMessageStore | None = None,
        diversions: Diversions | None = None,
        **topic_defaults: Any,
    ) -> None:
        self.clock = Clock()
        self.identity = Live(
            identity or BrokerIdentity(cluster_name="c1", broker_name="broker-a")
        )
        self.topic_defaults = Live(TopicDefaults(**topic_defaults))
        self.group_defaults = Live(GroupDefaults())
        self.limits = Live(BrokerLimits())
        self.send_config = Live(SendConfig())
        self.store_config = Live(StoreConfig(max_message_bytes=1000))
        self.topics = TopicTable(
            self.identity.value, self.topic_defaults, self.limits, lambda: NOW_MS
        )
        self.groups = GroupTable(self.group_defaults, self.limits, lambda: NOW_MS)
        self.locks = QueueLocks(self.clock.seconds)
        self.store = store or any_store(lambda: NOW_MS, self.store_config, HOST)
        self.store.start()
        self.counters = BrokerCounters(self.clock.seconds, "c1")
        self.levels = DelayLevels(self.store_config.value.delay_levels)
        delay = DelayDiversion(self.levels)
        self.diversions = diversions or Diversions([delay])
        self.admission = Admission(
            self.topics,
            self.groups,
            self.locks,
            self.identity,
            self.send_config,
            self.store_config,
            lambda: NOW_MS,
            Random(7),
            self.diversions,
        )

    def send_handlers(self, **changes: Any) -> SendHandlers:
        """Give handlers over these parts."""
        arguments: dict[str, Any] = {
            "admission": self.admission,
            "store": self.store,
            "identity": self.identity,
            "packed_host": HOST,
            "new_unique_id": lambda: "MADE-HERE",
            "counters": self.counters,
            "clock": self.clock,
            "config": self.send_config,
        }
        return SendHandlers(**arguments | changes)

    def inner(self, **changes: Any) -> InnerWriter:
        """Give what stores the broker's own messages here."""
        return InnerWriter(self.store, self.counters, self.diversions, **changes)

    def send_back_handlers(self, **changes: Any) -> SendBackHandlers:
        """Give handlers over these parts."""
        arguments: dict[str, Any] = {
            "topics": self.topics,
            "groups": self.groups,
            "store": self.store,
            "identity": self.identity,
            "counters": self.counters,
            "levels": self.levels,
            "inner": self.inner(),
            "random": Random(7),
        }
        return SendBackHandlers(**arguments | changes)
