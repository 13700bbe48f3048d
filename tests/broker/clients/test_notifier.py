"""Members are told that their group changed."""

import pytest
from read_side import ReadSide

from twistedmq.protocol.bodies import SubscriptionGroupConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers import NotifyConsumerIdsChangedRequestHeader
from twistedmq.testing.connections import FakeConnection


@pytest.fixture
def side() -> ReadSide:
    return ReadSide()


def told(connection: FakeConnection) -> int:
    return len(connection.one_ways)


def test_all_members_are_told_once_a_turn(side: ReadSide) -> None:
    connections = [FakeConnection() for _ in range(3)]
    for number, connection in enumerate(connections):
        side.heartbeat(connection=connection, client_id=f"c{number}")
    assert list(map(told, connections)) == [0, 0, 0]
    side.clock.advance(0)
    assert list(map(told, connections)) == [1, 1, 1]
    sent = connections[0].one_ways[0]
    assert sent.code == RequestCode.NOTIFY_CONSUMER_IDS_CHANGED
    assert isinstance(sent.header, NotifyConsumerIdsChangedRequestHeader)
    assert sent.header.consumer_group == "G"
    connections[0].close("gone")
    side.clock.advance(0)
    assert list(map(told, connections)) == [1, 2, 2]


def test_nobody_is_told_when_the_broker_or_the_group_does_not_want_it(
    side: ReadSide,
) -> None:
    connection = FakeConnection()
    side.groups.put(
        SubscriptionGroupConfig(
            group_name="G", notify_consumer_ids_changed_enable=False
        )
    )
    side.heartbeat("G", connection=connection)
    side.group_defaults.replace(notify_changes=False)
    side.heartbeat("G2", connection=connection)
    side.clock.advance(0)
    assert told(connection) == 0
    assert side.clock.getDelayedCalls() == []
