from typing import Any

import pytest
from client_kit import NAME_SERVER, held, result_of
from monitor_kit import WatchedCluster, info
from twisted.internet.defer import CancelledError, Deferred

from twistedmq.admin.client import Admin
from twistedmq.admin.monitoring import (
    Event,
    Members,
    Monitor,
    NotSeen,
    OffsetGone,
    RoundBegun,
    RoundOver,
    Undone,
    undone,
)
from twistedmq.admin.offsets import QueueProgress
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.offsets import OffsetMovedEvent
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.names import OFFSET_MOVED_TOPIC

BEGUN, OVER = RoundBegun(), RoundOver()


@pytest.fixture
def cluster() -> WatchedCluster:
    return WatchedCluster()


@pytest.fixture
def monitor(cluster: WatchedCluster) -> Monitor:
    return result_of(Admin(settings=cluster.settings()).start()).monitor


def seen(monitor: Monitor) -> list[Event]:
    events: list[Event] = []
    result_of(monitor.round(events.append))
    return events


def test_what_is_left_and_who_is_there(
    cluster: WatchedCluster, monitor: Monitor
) -> None:
    assert seen(monitor) == [
        BEGUN,
        Undone("billing", "%RETRY%billing", 0, 0, 0),
        Undone("billing", "orders", 4, 3, 5000),
        Members("billing", cluster.infos),
        OVER,
    ]


def test_only_where_something_is_left_the_last_message_is_looked_at(
    cluster: WatchedCluster, monitor: Monitor
) -> None:
    seen(monitor)
    read = [h for _, h in cluster.asked(RequestCode.PULL_MESSAGE)]
    assert [(h.queue_id, h.queue_offset) for h in read] == [(0, 4)]


def test_a_message_that_is_gone_has_no_age(
    cluster: WatchedCluster, monitor: Monitor
) -> None:
    for records in cluster.records.values():
        records.clear()
    assert Undone("billing", "orders", 4, 3, 0) in seen(monitor)


def test_a_group_without_members_is_passed_over(
    cluster: WatchedCluster, monitor: Monitor
) -> None:
    cluster.infos.clear()
    assert seen(monitor) == [BEGUN, OVER]


def test_a_member_that_does_not_answer_is_told(
    cluster: WatchedCluster, monitor: Monitor
) -> None:
    cluster.infos = {"c1": info()}
    cluster.refuse[RequestCode.GET_CONSUMER_RUNNING_INFO] = 1, "busy"
    *_, not_seen, over = seen(monitor)
    assert over == OVER
    assert isinstance(not_seen, NotSeen)
    assert not_seen.about == "billing c1"


def test_what_cannot_be_asked_is_told_and_the_rest_goes_on(
    cluster: WatchedCluster, monitor: Monitor
) -> None:
    cluster.refuse[RequestCode.GET_CONSUME_STATS] = ResponseCode.SYSTEM_BUSY, "busy"
    begun, not_seen, running, over = seen(monitor)
    assert isinstance(not_seen, NotSeen)
    assert (begun, running.members, over) == (BEGUN, cluster.infos, OVER)  # type: ignore[union-attr]
    cluster.down.add(NAME_SERVER)
    begun, not_seen, over = seen(monitor)
    assert isinstance(not_seen, NotSeen)
    assert not_seen.about == "topics"


def test_the_lag_of_a_queue_that_was_cut_is_not_below_zero() -> None:
    queues = [QueueProgress(5, 7, 0, 0), QueueProgress(9, 7, 0, 0)]
    assert undone("G", "T", queues, 3) == Undone("G", "T", 2, 2, 3)


class Told(list[Event]):
    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self if isinstance(event, kind)]


def begin(monitor: Monitor) -> tuple[Told, Deferred[None]]:
    events = Told()
    return events, monitor.run(events.append)


def test_it_looks_again_and_again_and_stops_cleanly(
    cluster: WatchedCluster, monitor: Monitor
) -> None:
    events, running = begin(monitor)
    assert len(events.of(RoundOver)) == 1
    cluster.clock.advance(59)
    assert len(events.of(RoundBegun)) == 1
    cluster.clock.advance(1)
    assert len(events.of(RoundOver)) == 2
    ended = held(running)
    running.cancel()
    assert ended[0].check(CancelledError)
    assert cluster.members["__MONITOR_CONSUMER"] == {}
    assert not events.of(NotSeen)


def test_offsets_that_are_gone_are_told(
    cluster: WatchedCluster, monitor: Monitor
) -> None:
    events, running = begin(monitor)
    queue = MessageQueue("orders", "broker-0", 1)
    event = OffsetMovedEvent(
        consumer_group="billing", message_queue=queue, offset_request=3, offset_new=9
    )
    body = bytes(loose_json.encode(event)).decode()
    [record] = cluster.put(OFFSET_MOVED_TOPIC, body)
    [gone] = events.of(OffsetGone)
    assert gone == OffsetGone("billing", queue, 3, 9, record.store_ms)
    cluster.put(OFFSET_MOVED_TOPIC, "{{")
    assert [each.about for each in events.of(NotSeen)] == [OFFSET_MOVED_TOPIC]
    held(running)
    running.cancel()
