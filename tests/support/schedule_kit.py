"""A broker on which messages wait for their time."""

from typing import Any

from admin_kit import AdminCluster, told

from twistedmq.protocol.bodies.entries import (
    ConsumeQueueData,
    QueryConsumeQueueResponseBody,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command

DUE_MS = 1_700_000_010_000


def waiting_cluster() -> AdminCluster:
    """Level 1: all delivered; 2: three of five gone, two are left; 3: never used, and
    its first four are no longer stored.
    """
    cluster = AdminCluster()
    ends, least = (7, 5, 9), (0, 1, 4)

    def entries(address: str, header: Any, body: bytes) -> Command:
        due_ms = DUE_MS + 1000 * header.index
        return told(
            QueryConsumeQueueResponseBody(
                queue_data=[ConsumeQueueData(tags_code=due_ms)]
            )
        )

    cluster.answers |= {
        RequestCode.GET_BROKER_CONFIG: told(b"messageDelayLevel=1s 5s 10m\n"),
        RequestCode.GET_ALL_DELAY_OFFSET: told(b'{"offsetTable":{1:7,2:3}}'),
        RequestCode.GET_MAX_OFFSET: lambda _, h, __: told(offset=str(ends[h.queue_id])),
        RequestCode.GET_MIN_OFFSET: lambda _, h, __: told(
            offset=str(least[h.queue_id])
        ),
        RequestCode.QUERY_CONSUME_QUEUE: entries,
        RequestCode.GET_TIMER_METRICS: told(
            b'{"timingCount":{"orders":{"count":3,"timeStamp":1700000000000},'
            b'"gone":{"count":0,"timeStamp":5}}}'
        ),
    }
    return cluster
