"""Admin requests about the broker as a whole."""

import pytest
from read_side import ReadSide, genuine_answers

from twistedmq.broker.admin.handlers import AdminHandlers
from twistedmq.broker.statistics.days import Days
from twistedmq.config.broker import BrokerAdmin, PullConfig, SendConfig
from twistedmq.config.live import Live
from twistedmq.config.settings import LiveSettings, Settings
from twistedmq.config.tables import broker_keys
from twistedmq.protocol import loose_json
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import (
    GetBrokerConfigResponseHeader,
)
from twistedmq.testing.batches import Told


class Admin(ReadSide):
    """A read side with admin handlers and settings."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, str] = {}
        self.settings = LiveSettings(Settings(broker_keys(), {}), self.kept.update)
        self.handlers |= AdminHandlers(
            store=self.store,
            topics=self.topics,
            counters=self.counters,
            settings=self.settings,
            admin=self.settings.live(BrokerAdmin),
            sending=Live(SendConfig()),
            wall_ms=self.wall_ms,
            days=Days(self.counters.sums, self.wall_ms),
        ).table()


@pytest.fixture
def side() -> Admin:
    return Admin()


def test_runtime_information(side: Admin) -> None:
    side.append(Told(topic="T"))
    side.now_ms += 5000
    table = loose_json.decode_any(side.ask(RequestCode.GET_BROKER_RUNTIME_INFO).body)[
        "table"
    ]
    assert table["earliestMessageTimeStamp"] == "1700000000000"
    assert table["runtime"].endswith("5 seconds ]")
    assert table["brokerVersionDesc"] == "V5_4_0"


def test_runtime_information_of_an_empty_broker(side: Admin) -> None:
    table = loose_json.decode_any(side.ask(RequestCode.GET_BROKER_RUNTIME_INFO).body)[
        "table"
    ]
    assert table["earliestMessageTimeStamp"] == "-1"


class TestConfig:
    def update(self, side: Admin, text: bytes) -> Reply:
        return side.ask(RequestCode.UPDATE_BROKER_CONFIG, None, text)

    def test_all_settings_are_shown(self, side: Admin) -> None:
        reply = side.ask(RequestCode.GET_BROKER_CONFIG)
        assert isinstance(reply.body, bytes)
        assert b"\nlongPollingEnable=true\n" in reply.body
        assert isinstance(reply.header, GetBrokerConfigResponseHeader)
        version = loose_json.decode_any(reply.header.version.encode())
        genuine = genuine_answers("get_broker_config")[0]["header"]["extFields"]
        wanted = loose_json.decode_any(genuine["version"].encode())
        assert version.keys() == wanted.keys()
        assert version["counter"] == 0

    def test_what_was_found_is_shown_where_nothing_is_set(self, side: Admin) -> None:
        side.settings.found["brokerIP1"] = "10.0.0.7"
        text = side.ask(RequestCode.GET_BROKER_CONFIG).body
        assert isinstance(text, bytes)
        assert b"\nbrokerIP1=10.0.0.7\n" in text
        assert self.update(side, b"brokerIP1=10.0.0.8\n").code == 0
        text = side.ask(RequestCode.GET_BROKER_CONFIG).body
        assert isinstance(text, bytes)
        assert b"\nbrokerIP1=10.0.0.8\n" in text

    def test_what_follows_from_other_settings_is_shown_unless_it_is_set(
        self, side: Admin
    ) -> None:
        side.settings.found["haListenPort"] = "20912"
        assert b"\nhaListenPort=20912\n" in side.settings.render().encode()
        assert self.update(side, b"haListenPort=10912\n").code == 0
        assert b"\nhaListenPort=10912\n" in side.settings.render().encode()

    def test_a_change_reaches_the_parts_and_the_file(self, side: Admin) -> None:
        live = side.settings.live(PullConfig)
        assert self.update(side, b"longPollingEnable=false\n").code == 0
        assert not live.value.long_polling
        assert side.kept == {"longPollingEnable": "false"}
        reply = side.ask(RequestCode.GET_BROKER_CONFIG)
        assert isinstance(reply.body, bytes)
        assert b"longPollingEnable=false" in reply.body
        assert isinstance(reply.header, GetBrokerConfigResponseHeader)
        assert '"counter":1' in reply.header.version

    def test_all_or_nothing(self, side: Admin) -> None:
        reply = self.update(side, b"longPollingEnable=false\nshortPolingTimeMills=1\n")
        assert reply.code == ResponseCode.SYSTEM_ERROR
        assert "shortPollingTimeMills" in (reply.remark or "")
        assert side.kept == {}

    def test_some_keys_are_taboo(self, side: Admin) -> None:
        reply = self.update(side, b"brokerConfigPath=/x\n")
        assert reply.code == ResponseCode.NO_PERMISSION
        assert reply.remark == "Can not update config in black list."

    def test_text_that_is_none(self, side: Admin) -> None:
        assert self.update(side, b"\xff\xfe").code == ResponseCode.SYSTEM_ERROR


class TestReadAhead:
    def ask(self, side: Admin, **fields: str) -> Reply:
        return side.ask(RequestCode.SET_COMMITLOG_READ_MODE, fields=fields)

    @pytest.mark.parametrize(("mode", "kept"), [("0", "true"), ("1", "false")])
    def test_it_is_the_setting_of_that_name(
        self, side: Admin, mode: str, kept: str
    ) -> None:
        reply = self.ask(side, READ_AHEAD_MODE=mode)
        assert reply.remark == f"set commitlog readahead mode success, mode: {mode}"
        assert side.kept == {"dataReadAheadEnable": kept}

    def test_other_advice_is_not_taken(self, side: Admin) -> None:
        reply = self.ask(side, READ_AHEAD_MODE="7")
        assert reply.code == ResponseCode.INVALID_PARAMETER
        assert reply.remark == "set commitlog readahead mode param value error"

    @pytest.mark.parametrize("fields", [{}, {"READ_AHEAD_MODE": "fast"}])
    def test_no_number(self, side: Admin, fields: dict[str, str]) -> None:
        reply = self.ask(side, **fields)
        assert reply.code == ResponseCode.SYSTEM_ERROR
        assert reply.remark == "set commitlog readahead mode failed"
        assert side.kept == {}


def test_system_topics(side: Admin) -> None:
    side.topic("Mine")
    body = side.ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER).body
    ours = set(loose_json.decode_any(body)["topicList"])
    [genuine, *_] = genuine_answers("get_system_topic_list_from_broker")
    wanted = {
        name.replace("DefaultCluster", "C")
        for name in genuine["body_json"]["topicList"]
    }
    assert wanted <= ours
    assert "Mine" not in ours
