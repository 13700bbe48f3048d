"""Whatever fails between real sockets: nothing acknowledged is lost, all goes on.

How long that may take is what docs/connect.md says. Times are those of quick clients
(``QUICK``) where the documented ones would take minutes to see.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
import pytest_twisted
from real_cluster import Group, RealCluster, Traffic, until, wait
from twisted.internet.threads import deferToThread

from twistedmq import MessageQueue
from twistedmq.client.session import ClientSettings

pytestmark = pytest.mark.soak

RATE = 50
ROUTE_POLL_S, HEARTBEAT_S = 2.0, 4.0
CALL_S = 5.0
"""What a client asks a broker by the way has an answer in that time."""
SEND_S = 10.0
COMMIT_S = 5.0
AGAIN_S = 3.0
"""Nothing is left alone for longer than that before it is tried again."""
SLACK_S = 5.0
"""For processes that start, and a machine that is busy."""


MINUTES = float(os.environ.get("TWISTEDMQ_SOAK_S", "180")) / 60
"""How long members come and go."""


@asynccontextmanager
async def under_way(
    folder: Path, *brokers: str, works_s: float = 0.0
) -> AsyncIterator[tuple[RealCluster, Traffic]]:
    """Have a cluster, and traffic; afterwards all must be well and nothing lost."""
    cluster = RealCluster(folder)
    traffic: Traffic | None = None
    try:
        await cluster.start(*brokers)
        await cluster.create(brokers[0], 4)
        settings = ClientSettings(
            nameservers=cluster.nameservers,
            route_poll_s=ROUTE_POLL_S,
            heartbeat_s=HEARTBEAT_S,
        )
        traffic = Traffic(settings, RATE, SEND_S, works_s)
        await traffic.begin()
        await until("the queues are shared", lambda: is_shared(traffic), 600)
        await wait(2)
        traffic.forget()
        yield cluster, traffic
        await traffic.flows()
        await traffic.settle()
        report(traffic)
        check(traffic)
    finally:
        if traffic is not None:
            await traffic.end()
        await cluster.stop()


def report(traffic: Traffic) -> None:
    late = [round(group.late_s, 1) for group in traffic.groups]
    again = [group.again for group in traffic.groups]
    print(
        f"{len(traffic.acked)} acknowledged, {traffic.failed} failed, silent for "
        f"{traffic.silent_s:.1f} s, consumed at most {late} s later, again {again}"
    )


def check(traffic: Traffic) -> None:
    for group in traffic.groups:
        assert not group.wrong, group.wrong[:5]
        assert traffic.acked.keys() <= group.got.keys()
        # queues change hands twice at most: when somebody seems gone, and comes back
        assert group.again <= 2 * RATE * (COMMIT_S + CALL_S), group.again


def within(traffic: Traffic, most_s: float) -> None:
    """See that producers and consumers were held up no longer than that."""
    for group in traffic.groups:
        assert group.late_s < most_s + SLACK_S
    assert traffic.silent_s < most_s + SLACK_S


@pytest_twisted.ensureDeferred
async def test_a_half_open_connection_to_the_broker(tmp_path: Path) -> None:
    async with under_way(tmp_path, "a") as (cluster, traffic):
        assert cluster.proxies["a"].half_open() >= 5  # a producer, four members
        await traffic.flows()
        # found out by the first request that is not answered: a send, a heartbeat
        within(traffic, max(SEND_S, HEARTBEAT_S + CALL_S) + AGAIN_S)
        for group in traffic.groups:
            assert group.late_s < HEARTBEAT_S + CALL_S + AGAIN_S + SLACK_S
        assert traffic.failed <= RATE * SLACK_S


@pytest_twisted.ensureDeferred
async def test_a_half_open_connection_to_the_name_server(tmp_path: Path) -> None:
    async with under_way(tmp_path, "a") as (cluster, traffic):
        assert cluster.proxies["namesrv"].half_open() >= 5
        proxy = cluster.proxies["namesrv"]
        before = proxy.accepted
        await until(
            "asked again",
            lambda: cluster.proxies["namesrv"].accepted >= before + 5,
            150,
        )
        await cluster.create("a", 6)  # and is told what is new
        await until(
            "six queues are consumed",
            lambda: all(queues_of(group) == 6 for group in traffic.groups),
            300,
        )
        within(traffic, 1.0)  # nobody noticed
        assert not traffic.failed


@pytest_twisted.ensureDeferred
async def test_a_name_server_that_is_gone_and_comes_back(tmp_path: Path) -> None:
    async with under_way(tmp_path, "a") as (cluster, traffic):
        await deferToThread(cluster.name_server.kill)
        await wait(3 * ROUTE_POLL_S)
        within(traffic, 1.0)  # what is known is enough
        await deferToThread(cluster.name_server.start)
        await until(
            "routed again", lambda: "is registered" in cluster.name_server.output, 600
        )
        await cluster.add("b")
        await cluster.create("b", 4)
        await until(
            "both brokers are consumed",
            lambda: all(queues_of(group) == 8 for group in traffic.groups),
            600,
        )
        within(traffic, 1.0)
        assert not traffic.failed


@pytest_twisted.ensureDeferred
async def test_a_slow_broker(tmp_path: Path) -> None:
    slow_s = 1.0
    async with under_way(tmp_path, "a") as (cluster, traffic):
        again = [group.again for group in traffic.groups]  # as they shared the queues
        cluster.proxies["a"].slow_s = slow_s
        await wait(15)
        cluster.proxies["a"].slow_s = 0.0
        await traffic.flows()
        # a message there and its acknowledgement back, a pull there and back
        within(traffic, 6 * slow_s)
        assert not traffic.failed
        assert [group.again for group in traffic.groups] == again


@pytest.mark.parametrize("how", ["kill", "stop"])
@pytest_twisted.ensureDeferred
async def test_a_broker_that_restarts(tmp_path: Path, how: str) -> None:
    async with under_way(tmp_path, "a") as (cluster, traffic):
        broker = cluster.brokers["a"]
        await deferToThread(getattr(broker, how))
        await wait(2)
        await deferToThread(broker.start)
        await traffic.flows()
        within(traffic, 2 + broker.seconds_to_ready + 2 * AGAIN_S)


@pytest_twisted.ensureDeferred
async def test_connections_that_break_and_are_refused(tmp_path: Path) -> None:
    async with under_way(tmp_path, "a") as (cluster, traffic):
        for _ in range(5):
            cluster.proxies["a"].cut()
            await wait(1)
        within(traffic, AGAIN_S)
        await cluster.proxies["a"].refuse()
        await wait(4)
        await cluster.proxies["a"].listen()
        await traffic.flows()
        within(traffic, 4 + 2 * AGAIN_S)


@pytest_twisted.ensureDeferred
async def test_routes_that_change(tmp_path: Path) -> None:
    async with under_way(tmp_path, "a", "b") as (cluster, traffic):

        async def consumed(queues: int) -> None:
            await until(
                f"{queues} queues are consumed",
                lambda: all(queues_of(group) == queues for group in traffic.groups),
                300,
            )

        await consumed(4)
        await cluster.create("b", 4)  # added
        await consumed(8)
        await cluster.create("b", 6)  # raised
        await consumed(10)
        await cluster.create("b", write=2, read=6)  # lowered: nothing new at first
        await wait(2 * ROUTE_POLL_S + COMMIT_S)
        await cluster.create("b", 2)
        await consumed(6)
        await cluster.create("a", write=0, read=4)  # moved
        await wait(2 * ROUTE_POLL_S + COMMIT_S)
        await cluster.create("a", write=0, read=0)
        await consumed(2)
        within(traffic, AGAIN_S)
        assert not traffic.failed
        await deferToThread(cluster.brokers["a"].stop)  # and removed
        await wait(2 * ROUTE_POLL_S)
        assert not traffic.failed
        within(traffic, AGAIN_S)


@pytest_twisted.ensureDeferred
async def test_one_of_two_brokers_is_gone_for_a_while(tmp_path: Path) -> None:
    async with under_way(tmp_path, "a", "b") as (cluster, traffic):
        await cluster.create("b", 4)
        await until(
            "shared", lambda: all(queues_of(g) == 8 for g in traffic.groups), 300
        )
        traffic.forget()
        await deferToThread(cluster.brokers["b"].kill)
        await wait(6)
        assert traffic.silent_s < AGAIN_S  # the other one takes everything
        await deferToThread(cluster.brokers["b"].start)
        await until(
            "shared", lambda: all(queues_of(g) == 8 for g in traffic.groups), 300
        )
        start_s = cluster.brokers["b"].seconds_to_ready
        within(traffic, 6 + start_s + ROUTE_POLL_S + 2 * AGAIN_S)


@pytest_twisted.ensureDeferred
async def test_members_come_and_go_for_minutes(tmp_path: Path) -> None:
    random, changes, leaves_s = Random(7), 0, 0.0
    async with under_way(tmp_path, "a", "b", works_s=0.01) as (cluster, traffic):
        await cluster.create("b", 4)
        time, loosely, in_order = traffic.time, *traffic.groups
        end_s = time.now_s + MINUTES * 60
        while time.now_s < end_s:
            await wait(random.uniform(0.2, 4))
            group = random.choice(traffic.groups)
            changes += 1
            if len(group.members) < 2 or random.random() < 0.5:
                group.join()
            else:
                begun_s = time.now_s
                await group.leave(random.randrange(len(group.members)))
                leaves_s = max(leaves_s, time.now_s - begun_s)
        assert not traffic.failed
        # nobody waits for more than a round of the one who had the queue
        within(traffic, AGAIN_S)
        assert leaves_s < CALL_S
        # in order, queues change hands when all of them is committed; else what was
        # consumed since the last commit may come again
        assert in_order.again == 0
        assert loosely.again <= len(traffic.acked) // 10
        print(f"{changes} joined or left, at most {leaves_s:.1f} s to leave")


def queues_of(group: Group) -> int:
    """Count the queues of the topic that a group's members have."""
    return len({queue for each in shares(group) for queue in each})


def is_shared(traffic: Traffic) -> bool:
    """Say whether each member has as many queues as the others of its group."""
    groups = map(shares, traffic.groups)
    return all(len({*map(len, group)}) == 1 and group[0] for group in groups)


def shares(group: Group) -> list[set[MessageQueue]]:
    """Give the queues of the topic that each member of a group has."""
    queues = [consumer.queues for consumer, _ in group.members]
    return [{q for q in each if not q.topic.startswith("%")} for each in queues]
