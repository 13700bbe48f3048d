from typing import Any

import pytest
from client_kit import result_of
from groups_kit import ADDRESS, BrokerCluster

from twistedmq.admin.client import Admin
from twistedmq.admin.timers import Timers
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import FieldError
from twistedmq.store.timer.progress import TimerProgress


@pytest.fixture
def cluster() -> BrokerCluster:
    return BrokerCluster()


@pytest.fixture
def timers(cluster: BrokerCluster) -> Timers:
    return result_of(Admin(settings=cluster.settings()).start()).timers


def answer(cluster: BrokerCluster, code: int, body: bytes) -> None:
    def serve(_: Any) -> Reply:
        return Reply(body=body)

    cluster.side.handlers[code] = serve


def test_how_many_wait(cluster: BrokerCluster, timers: Timers) -> None:
    body = b'{"timingCount":{"T":{"count":3,"timeStamp":7}}}'
    answer(cluster, RequestCode.GET_TIMER_METRICS, body)
    found = result_of(timers.waiting(ADDRESS))
    assert (found["T"].count, found["T"].time_stamp) == (3, 7)


def test_how_far_they_are(cluster: BrokerCluster, timers: Timers) -> None:
    progress = TimerProgress(read_ms=5, queue_offset=7)
    answer(cluster, RequestCode.GET_TIMER_CHECK_POINT, progress.encode())
    assert result_of(timers.progress(ADDRESS)) == progress
    answer(cluster, RequestCode.GET_TIMER_CHECK_POINT, b"short")
    with pytest.raises(FieldError, match="timer progress"):
        result_of(timers.progress(ADDRESS))
    cluster.refuse[RequestCode.GET_TIMER_CHECK_POINT] = (1, "The checkpoint is null")
    with pytest.raises(RefusedError, match="is null"):
        result_of(timers.progress(ADDRESS))


def test_how_far_delay_levels_are(cluster: BrokerCluster, timers: Timers) -> None:
    answer(cluster, RequestCode.GET_ALL_DELAY_OFFSET, b'{"offsetTable":{3:17}}')
    assert result_of(timers.delay_levels(ADDRESS)) == {3: 17}
