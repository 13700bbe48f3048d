"""Its calls are tested with ``PullConsumer``, which adds nothing to them."""

import pytest
from client_kit import FakeCluster, result_of

from twistedmq.client.errors import NotRunningError
from twistedmq.client.queue_client import QueueClient
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.queues import MessageQueue


class Asking(QueueClient):
    """One that only asks."""

    async def _start(self) -> None:
        await self._join()

    async def _close(self) -> None:
        await self._part()


def test_a_topic_that_was_never_asked_for_is_looked_up(cluster: FakeCluster) -> None:
    cluster.create("T", queues=1)
    cluster.put("T", "a")
    queue = MessageQueue("T", "broker-0", 0)
    client = Asking("G", Session(cluster.settings()))
    with pytest.raises(NotRunningError):
        result_of(client.max_offset(queue))
    result_of(client.start())
    assert result_of(client.max_offset(queue)) == 1
    assert result_of(client.queues("T")) == [queue]
