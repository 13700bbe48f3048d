from typing import Any

import pytest
from read_side import ReadSide, pull_header

from twistedmq.broker.broadcast.offsets import all_members
from twistedmq.protocol.bodies import ConsumeType, MessageModel
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.testing.batches import Told
from twistedmq.testing.connections import FakeConnection

PULL = RequestCode.PULL_MESSAGE
MOVED = ResponseCode.PULL_OFFSET_MOVED
ALL = all_members("G")


@pytest.fixture
def side() -> ReadSide:
    made = ReadSide()
    made.topic("T")
    made.append(*(Told(topic="T", body=b"%d" % n) for n in range(6)))
    return made


def connect(side: ReadSide, name: str, **more: Any) -> FakeConnection:
    connection = FakeConnection()
    more.setdefault("model", MessageModel.BROADCASTING)
    side.heartbeat("G", {"T": "*"}, connection, name, **more)
    return connection


def direct(side: ReadSide, offset: int, connection: FakeConnection) -> Reply:
    header = pull_header(queue_offset=offset, max_msg_nums=2)
    return side.ask(PULL, header, connection=connection)


def proxied(side: ReadSide, offset: int, member: str | None = "c1") -> Reply:
    header = pull_header(
        queue_offset=offset,
        max_msg_nums=2,
        request_source=1,
        proxy_froward_client_id=member,
    )
    return side.ask(PULL, header)


def next_of(reply: Reply) -> tuple[int, int]:
    assert isinstance(reply.header, dict)
    return reply.code, int(reply.header["nextBeginOffset"])


def committed(side: ReadSide) -> int:
    return side.offsets.query(ALL, "T", 0)


def test_a_proxy_is_told_where_a_new_member_begins(side: ReadSide) -> None:
    assert next_of(proxied(side, -1)) == (MOVED, 0)
    side.offsets.commit(ALL, "T", 0, 4)
    assert next_of(proxied(side, -1, "c2")) == (MOVED, 4)


def test_a_member_begins_at_the_end_of_a_queue_that_is_not_young(
    side: ReadSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twistedmq.broker.offsets.bounds.YOUNG_BYTES", 10)
    assert next_of(proxied(side, -1)) == (MOVED, 6)


def test_a_member_goes_on_over_a_proxy_and_back(side: ReadSide) -> None:
    connection = connect(side, "c1")
    assert next_of(direct(side, 0, connection)) == (0, 2)
    assert next_of(direct(side, 2, connection)) == (0, 4)
    # it asked for what comes after 2, so it has that much
    assert next_of(proxied(side, -1)) == (MOVED, 2)
    assert next_of(proxied(side, 2)) == (0, 4)
    assert next_of(proxied(side, 4)) == (0, 6)
    # on its own disk is what it had before
    assert next_of(direct(side, 2, connection)) == (MOVED, 4)
    assert next_of(direct(side, 4, connection)) == (0, 6)


def test_what_everyone_has_is_committed(side: ReadSide) -> None:
    first, second = connect(side, "c1"), connect(side, "c2")
    direct(side, 2, first)
    direct(side, 4, second)
    assert committed(side) == -1
    side.broadcast.commit()
    assert committed(side) == 2
    direct(side, 4, first)
    direct(side, 0, first)  # going back does not count
    side.broadcast.commit()
    assert committed(side) == 4


def test_nothing_is_committed_twice(side: ReadSide) -> None:
    direct(side, 2, connect(side, "c1"))
    side.broadcast.commit()
    side.offsets.commit(ALL, "T", 0, 1)
    side.broadcast.commit()
    assert committed(side) == 1


def test_members_that_are_gone_hold_nobody_up(side: ReadSide) -> None:
    first, second = connect(side, "c1"), connect(side, "c2")
    direct(side, 2, first)
    direct(side, 4, second)
    first.close("gone")
    side.clock.advance(119)
    side.broadcast.expire()
    assert len(side.broadcast) == 2
    side.clock.advance(1)
    side.broadcast.expire()
    side.broadcast.commit()
    assert (len(side.broadcast), committed(side)) == (1, 4)
    side.clock.advance(180)
    side.broadcast.expire()
    assert len(side.broadcast) == 0


def test_other_groups_are_not_remembered(side: ReadSide) -> None:
    shared = connect(side, "c1", model=MessageModel.CLUSTERING)
    direct(side, 2, shared)
    active = connect(side, "c2", consume_type=ConsumeType.CONSUME_ACTIVELY)
    direct(side, 2, active)
    direct(side, 2, FakeConnection())
    proxied(side, 2, None)
    assert len(side.broadcast) == 0


def test_so_many_are_remembered_and_the_others_served(side: ReadSide) -> None:
    side.broadcast_config.replace(max_members=1)
    connection = connect(side, "c1")
    direct(side, 2, connection)
    assert next_of(direct(side, 4, connect(side, "c2"))) == (0, 6)
    assert next_of(proxied(side, 2, "c3")) == (0, 4)
    assert next_of(proxied(side, -1, "c3")) == (MOVED, 0)
    assert len(side.broadcast) == 1
    connection.close("gone")
    side.clock.advance(120)
    side.broadcast.expire()
    assert len(side.broadcast) == 0
    proxied(side, 2, "c3")
    assert len(side.broadcast) == 1


def test_it_can_be_switched_off(side: ReadSide) -> None:
    side.broadcast_config.replace(enabled=False)
    assert next_of(proxied(side, -1))[0] == MOVED  # the store's own answer
    direct(side, 2, connect(side, "c1"))
    assert len(side.broadcast) == 0
