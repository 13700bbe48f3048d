"""What ``rmq`` does for operators, on a genuine broker as on ours."""

from typing import Any

import pytest
import pytest_twisted
from client_scenarios import Cluster, Inbox, Running, bodies, unique, until
from twisted.internet.defer import Deferred

from twistedmq import Message, Producer, ReceivedMessage, StartFrom
from twistedmq.admin.loads import load
from twistedmq.admin.monitoring import Event, Members, Undone
from twistedmq.admin.schedules import WaitingLevel
from twistedmq.admin.stories import Step


@pytest_twisted.ensureDeferred
async def test_dead_letters_are_explained_and_given_back(
    cluster: Cluster, running: Running
) -> None:
    topic, group = await cluster.topic(1), unique("G")
    inbox = Inbox()
    is_broken = True

    def work(message: ReceivedMessage) -> None:
        if is_broken:
            raise ValueError("not today")
        inbox(message)

    running.run(cluster.consumer(group, topic, max_reconsume_times=0), work)
    async with cluster.producer() as producer, cluster.admin() as admin:
        await cluster.send(producer, topic, "new", [b"paid"])
        [stored] = await admin.messages.by_key(topic, "paid")
        message_id = stored.message.message_id

        async def given_up() -> bool:
            story = await admin.stories.of(topic, message_id)
            return any(event.step is Step.GIVEN_UP for event in story.events)

        await until("the message is given up", given_up)
        [queue] = [q for q in await admin.dead_letters.queues(group) if q.fresh]
        letters = [each async for each in admin.dead_letters.read(queue)]
        assert [each.message.message_id for each in letters] == [message_id]
        is_broken = False
        await admin.dead_letters.replay(letters[0])
        await admin.dead_letters.note_replayed(queue.queue, 1)
        await inbox.exactly([b"paid"])
        assert inbox.got[0].topic == topic
        assert not any(q.fresh for q in await admin.dead_letters.queues(group))


@pytest_twisted.ensureDeferred
async def test_a_group_is_moved_while_it_works_and_while_it_is_away(
    cluster: Cluster, running: Running
) -> None:
    topic, group = await cluster.topic(1), unique("G")
    inbox, sent = Inbox(), bodies("m", 4)
    consumer: Any = running.run(cluster.consumer(group, topic), inbox)
    async with cluster.producer() as producer, cluster.admin() as admin:
        await cluster.send(producer, topic, None, sent)
        await inbox.exactly(sent)

        async def committed() -> bool:
            return (await admin.offsets.progress(group, topic)).lag == 0

        await until("the offsets are committed", committed)
        moves = await admin.moves.plan(group, topic, StartFrom.FIRST)
        assert [(move.before, move.repeated) for move in moves] == [(4, 4)]
        await admin.moves.make(group, moves)
        # a pull that waits at a genuine broker comes back with the next message
        await cluster.send(producer, topic, None, [b"next"])
        await until("all of it again", lambda: inbox.bodies.count(sent[0]) == 2)
        await until("and the rest", lambda: len(inbox.got) >= 9)
        await consumer.close()
        end = await admin.moves.plan(group, topic, 5)
        await admin.moves.make(group, end)
        [back] = await admin.moves.back(group, moves)
        assert (back.before, back.after) == (5, 4)
        await admin.moves.make(group, [back])
        progress = await admin.offsets.progress(group, topic)
        assert [each.committed for each in progress.queues.values()] == [4]


@pytest_twisted.ensureDeferred
async def test_what_waits_for_its_time_is_counted(cluster: Cluster) -> None:
    topic = await cluster.topic(1)
    async with cluster.producer() as producer, cluster.admin() as admin:
        [(broker, address)] = (await admin.cluster.masters()).items()

        async def level(number: int) -> WaitingLevel:
            levels = await admin.schedules.levels(broker, address)
            assert len(levels) == 18
            return levels[number - 1]

        before = (await level(17)).waiting
        begin_ms = admin.wall_ms()
        for body in (b"one", b"two"):
            await producer.send(Message(topic, body, delay_level=17))
        await producer.send(Message(topic, b"timed", delay_s=3600))

        async def is_seen() -> bool:
            timed = await admin.schedules.timed(broker, address)
            waiting = {each.topic: each.waiting for each in timed}
            return (await level(17)).waiting == before + 2 and topic in waiting

        await until("they are counted", is_seen)
        found = await level(17)
        assert found.delay == "1h"
        assert found.next_due_ms is not None
        assert found.next_due_ms > begin_ms
        assert found.next_due_ms <= admin.wall_ms() + 3_601_000


@pytest_twisted.ensureDeferred
async def test_locks_of_a_client_that_is_gone_are_given_up(cluster: Cluster) -> None:
    topic, group = await cluster.topic(2), unique("G")
    async with cluster.admin() as admin:
        queues = await admin.locks.queues(topic)
        [address] = (await admin.cluster.masters()).values()
        calls = admin._session.calls
        assert await calls.lock(address, group, "gone", queues) == {*queues}
        assert await calls.lock(address, group, "next", queues) == frozenset()
        await admin.locks.give_up(group, "nobody", queues)
        assert await calls.lock(address, group, "next", queues) == frozenset()
        await admin.locks.give_up(group, "gone", queues)
        assert await calls.lock(address, group, "next", queues) == {*queues}


async def consumed(
    cluster: Cluster, running: Running, producer: Producer, topic: str, group: str
) -> None:
    """Have a member join, consume twenty messages, commit and leave."""
    inbox, sent = Inbox(), bodies(unique("b"), 20)
    consumer = running.run(cluster.consumer(group, topic), inbox)
    await cluster.send(producer, topic, None, sent)
    await inbox.exactly(sent)
    await consumer.close()


@pytest_twisted.ensureDeferred
async def test_how_busy_a_cluster_is(cluster: Cluster, running: Running) -> None:
    topic, group = await cluster.topic(2), unique("G")
    async with cluster.producer() as producer, cluster.admin() as admin:
        await consumed(cluster, running, producer, topic, group)
        before = await admin.samples.take()
        await consumed(cluster, running, producer, topic, group)
        await cluster.send(producer, topic, None, bodies("left", 3))
        after = await admin.samples.take(before)
        found = load(before, after)
        [broker] = found.brokers
        assert (broker.error, broker.address) == (None, cluster.address)
        assert broker.version == "V5_4_0"
        assert min(broker.in_per_s or 0, broker.out_per_s or 0) > 0
        assert min(broker.in_bytes_per_s or 0, broker.log_bytes or 0) > 0
        [into] = [each for each in found.topics if each.topic == topic]
        [out] = [each for each in found.groups if each.group == group]
        assert (into.brokers, into.groups, into.lag) == (1, 1, 3)
        assert (out.topics, out.lag, out.retrying) == (1, 3, 0)
        assert into.in_per_s == pytest.approx(23 / 20 * (out.out_per_s or 0), rel=0.3)


@pytest_twisted.ensureDeferred
async def test_groups_are_watched(cluster: Cluster, running: Running) -> None:
    topic, group = await cluster.topic(1), unique("G")
    stuck: list[Deferred[None]] = []

    def work(message: ReceivedMessage) -> Deferred[None]:
        stuck.append(Deferred())
        return stuck[-1]

    async with cluster.producer() as producer, cluster.admin() as admin:
        await consumed(cluster, running, producer, topic, group)
        consumer = running.run(cluster.consumer(group, topic), work)
        await cluster.send(producer, topic, None, bodies("left", 3))
        await until("all are in work", lambda: len(stuck) == 3)
        events: list[Event] = []
        await admin.monitor.round(events.append)
        [left] = [e for e in events if isinstance(e, Undone) and e.topic == topic]
        assert (left.group, left.total, left.most_of_a_queue) == (group, 3, 3)
        assert left.delay_ms > 0
        [told] = [e for e in events if isinstance(e, Members) and e.group == group]
        rates = told.members[consumer.client_id].status_table[topic]
        assert rates.pull_tps > 0
        assert rates.consume_ok_tps == 0
        for each in stuck:
            each.callback(None)
