import asyncio

import pytest
from client_kit import FakeCluster

from twistedmq.aio import Admin
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.codes import RequestCode


def test_its_parts_give_futures_too(cluster: FakeCluster) -> None:
    cluster.create("orders", queues=3)
    cluster.refuse[RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG] = (1, "busy")

    async def main() -> list[str]:
        async with Admin(settings=cluster.settings()) as admin:
            [route] = await admin.topics.routes(["orders"])
            assert len(route.publishable) == 3
            with pytest.raises(RefusedError):
                await admin.groups.names()
            return await admin.topics.names()

    assert "orders" in asyncio.run(main())
