import pytest
from read_side import ReadSide, genuine_answers

from twistedmq.broker.statistics.fall_behind import FallBehind
from twistedmq.broker.statistics.handlers import StatsHandlers
from twistedmq.protocol import loose_json
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import ViewBrokerStatsDataRequestHeader
from twistedmq.testing.batches import Told


@pytest.fixture
def side() -> ReadSide:
    made = ReadSide()
    falls = FallBehind(made.store, made.offsets, made.wall_ms)
    made.handlers |= StatsHandlers(made.counters, falls).table()
    return made


def ask(side: ReadSide, name: str, key: str) -> Reply:
    header = ViewBrokerStatsDataRequestHeader(stats_name=name, stats_key=key)
    return side.ask(RequestCode.VIEW_BROKER_STATS_DATA, header)


def test_minute_hour_and_day(side: ReadSide) -> None:
    side.counters.sent("T1", 4, 400, calls=1)
    side.counters.sent("T1", 2, 200, calls=1)
    ours = loose_json.decode_any(ask(side, "TOPIC_PUT_NUMS", "T1").body)
    [genuine, *_] = genuine_answers("view_broker_stats_data")
    assert ours.keys() == genuine["body_json"].keys()
    assert ours["statsMinute"] == {"avgpt": 3.0, "sum": 6, "tps": 0.6}


def test_how_far_behind_a_group_reads(side: ReadSide) -> None:
    for _ in range(3):
        side.append(Told(topic="T"))
        side.now_ms += 1000
    side.offsets.commit_pull("G", "T", 0, 2)
    ours = loose_json.decode_any(ask(side, "GROUP_GET_FALL_TIME", "0@T@G").body)
    assert ours["statsMinute"] == {"avgpt": 2000.0, "sum": 2000, "tps": 0.0}
    reply = ask(side, "GROUP_GET_FALL_SIZE", "1@T@G")
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert reply.remark == "The stats <GROUP_GET_FALL_SIZE> <1@T@G> not exist"


def test_nothing_was_counted(side: ReadSide) -> None:
    reply = ask(side, "TOPIC_PUT_NUMS", "TNope")
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert reply.remark == "The stats <TOPIC_PUT_NUMS> <TNope> not exist"
