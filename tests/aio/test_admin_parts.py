import asyncio

from client_kit import FakeCluster

from twistedmq.aio import Admin


def test_several_questions_at_once(cluster: FakeCluster) -> None:
    cluster.create("orders", queues=3)

    async def main() -> tuple[int, list[str]]:
        async with Admin(settings=cluster.settings()) as admin:
            masters, names = await asyncio.gather(
                admin.cluster.masters(None), admin.topics.names()
            )
            return len(masters), names

    masters, names = asyncio.run(main())
    assert masters == 1
    assert "orders" in names
