from client_kit import FakeCluster, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.admin.client import Admin


def test_an_admin_is_a_context(cluster: FakeCluster, clock: Clock) -> None:
    cluster.create("T")

    async def names() -> list[str]:
        async with Admin(settings=cluster.settings()) as admin:
            return await admin.topics.names()

    assert result_of(Deferred.fromCoroutine(names())) == ["T"]
    assert cluster.closed == 1
    assert not clock.getDelayedCalls()
