"""Our client in the places of the genuine one, against the genuine broker and ours.

The tests mirror the send and consume scenarios of the peer kit, under their names.
"""

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import peer
import pytest
import pytest_twisted
from client_scenarios import (
    Cluster,
    Inbox,
    Running,
    bodies,
    reactor,
    unique,
    until,
    wait,
)
from processes import ask
from twisted.internet.defer import Deferred, gatherResults

from twistedmq import (
    Consumer,
    Message,
    MessageModel,
    MessageQueue,
    ReceivedMessage,
    RetryLater,
    StartFrom,
)
from twistedmq.client.errors import (
    RefusedError,
    ReplyTimeoutError,
    RouteNotFoundError,
    SendFailedError,
)
from twistedmq.client.message import SendStatus
from twistedmq.client.packing import PackingRules
from twistedmq.client.selection import ByFunction
from twistedmq.protocol import compression
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.record import decode_records
from twistedmq.protocol.system_flags import PERM_READ, compression_type, is_compressed


@pytest_twisted.ensureDeferred
async def test_send_sync(cluster: Cluster) -> None:
    topic = await cluster.topic(4)
    receipts = []
    async with cluster.producer() as producer:
        for n in range(20):
            message = Message(
                topic,
                f"zażółć 消息 😀 {n}".encode(),
                tag=f"T{n}",
                keys=[f"k{n}", f"other{n}"],
                properties={"цвет": f"red={n}", "n": str(n)},
                flag=n,
            )
            receipts.append(await producer.send(message))
    assert {r.status for r in receipts} == {SendStatus.OK}
    assert {r.queue.queue_id for r in receipts} == {0, 1, 2, 3}
    ids = {r.message_id for r in receipts}
    offset_ids = {r.offset_message_id for r in receipts}
    assert len(ids) == len(offset_ids) == 20
    for message in await cluster.drain(topic, 20):
        n = int(message.properties["n"])
        assert message.body.decode() == f"zażółć 消息 😀 {n}"
        assert message.topic == topic
        assert message.tag == f"T{n}"
        assert message.keys == (f"k{n}", f"other{n}")
        assert message.properties == {"цвет": f"red={n}", "n": str(n)}
        assert message.flag == n
        assert message.message_id in ids
        assert message.offset_message_id in offset_ids
        assert message.born_at_ms <= message.stored_at_ms + 1000
        assert message.reconsume_times == 0


@pytest_twisted.ensureDeferred
async def test_send_async(cluster: Cluster) -> None:
    topic = await cluster.topic(4)
    wanted = bodies("a", 300)
    async with cluster.producer() as producer:
        sends = [producer.send(Message(topic, body)) for body in wanted]
        receipts = await gatherResults(sends)
    assert {r.status for r in receipts} == {SendStatus.OK}
    got = await cluster.drain(topic, 300)
    assert sorted(m.body for m in got) == sorted(wanted)


@pytest_twisted.ensureDeferred
async def test_send_oneway(cluster: Cluster) -> None:
    topic = await cluster.topic(2)
    wanted = bodies("o", 60)
    async with cluster.producer() as producer:
        for body in wanted:
            await producer.send_one_way(Message(topic, body))
        got = await cluster.drain(topic, 60)
    assert sorted(m.body for m in got) == sorted(wanted)


@pytest_twisted.ensureDeferred
async def test_send_batch(cluster: Cluster) -> None:
    topic = await cluster.topic(4)
    wanted = bodies("b", 40)
    messages = [
        Message(topic, body, tag="B", properties={"n": str(n)})
        for n, body in enumerate(wanted)
    ]
    async with cluster.producer() as producer:
        receipts = await producer.send_batch(messages)
    got = await cluster.drain(topic, 40)
    assert len({r.message_id for r in receipts}) == 40
    assert len({r.offset_message_id for r in receipts}) == 40
    for n, (receipt, message) in enumerate(zip(receipts, got, strict=True)):
        assert message.body == wanted[n]
        assert message.properties == {"n": str(n)}
        assert message.queue == receipt.queue
        assert (
            message.queue_offset == receipt.queue_offset == receipts[0].queue_offset + n
        )
        assert message.message_id == receipt.message_id
        assert message.offset_message_id == receipt.offset_message_id


@pytest.mark.parametrize("kind", [compression.LZ4, compression.ZSTD, compression.ZLIB])
@pytest_twisted.ensureDeferred
async def test_send_compressed(cluster: Cluster, kind: int) -> None:
    topic = await cluster.topic(1)
    wanted = [
        (f"line {n} of a body that compresses well; " * 300 * (n + 1)).encode()
        for n in range(5)
    ]
    rules = PackingRules(compression=kind)
    async with cluster.producer(packing=rules) as producer:
        await cluster.send(producer, topic, None, wanted[:0])
        for body in wanted:
            await producer.send(Message(topic, body))
    for n, message in enumerate(await cluster.drain(topic, 5)):
        assert message.body == wanted[n]
        assert is_compressed(message.sys_flag)
        assert compression_type(message.sys_flag) == kind
        assert message.stored_bytes < 4096


@pytest_twisted.ensureDeferred
async def test_send_queue_selector_ordered(cluster: Cluster) -> None:
    topic = await cluster.topic(4)
    by_order = ByFunction(
        lambda message, queues: queues[int(message.body.split(b":")[0]) % len(queues)]
    )
    async with cluster.producer() as producer:
        for step in range(20):
            for order in range(8):
                message = Message(topic, f"{order}:{step}".encode())
                await producer.send(message, selection=by_order)
    steps: dict[str, list[int]] = {}
    queues: dict[str, set[int]] = {}
    for got in await cluster.drain(topic, 160):
        order, step = got.body.decode().split(":")
        steps.setdefault(order, []).append(int(step))
        queues.setdefault(order, set()).add(got.queue.queue_id)
    assert len(steps) == 8
    assert all(each == list(range(20)) for each in steps.values())
    assert all(len(each) == 1 for each in queues.values())


@pytest_twisted.ensureDeferred
async def test_send_to_queue(cluster: Cluster) -> None:
    topic = await cluster.topic(3)
    async with cluster.producer() as producer:
        queues = await producer.queues(topic)
        assert [queue.queue_id for queue in queues] == [0, 1, 2]
        for queue in queues:
            for n in range(queue.queue_id + 1):
                body = f"{queue.queue_id}/{n}".encode()
                receipt = await producer.send(Message(topic, body), queue=queue)
                assert (receipt.queue, receipt.queue_offset) == (queue, n)
    for message in await cluster.drain(topic, 6):
        place = f"{message.queue.queue_id}/{message.queue_offset}"
        assert message.body.decode() == place


@pytest_twisted.ensureDeferred
async def test_send_auto_create_topic(cluster: Cluster) -> None:
    topic = unique("AUTO")
    wanted = bodies("new", 6)
    async with cluster.producer(default_queues=3) as producer, cluster.admin() as admin:
        await cluster.send(producer, topic, "N", wanted)

        async def routed() -> bool:
            return topic in await admin.topics.names()

        await until(f"route of {topic}", routed)
        [route] = await admin.topics.routes([topic])
        assert len(route.publishable) == 3
        got = await cluster.drain(topic, 6)
        assert sorted(m.body for m in got) == sorted(wanted)
        await admin.topics.delete(topic)


@pytest_twisted.ensureDeferred
async def test_send_size_limit(cluster: Cluster) -> None:
    topic = await cluster.topic(1)
    mib = 1 << 20
    rules = PackingRules(max_message_bytes=16 * mib, compress_over_bytes=64 * mib)
    big = os.urandom(4 * mib - 4096)
    async with cluster.producer(packing=rules) as producer:
        await producer.send(Message(topic, big))
        with pytest.raises(RefusedError) as refused:
            await producer.send(Message(topic, bytes(4 * mib + 1)))
        assert refused.value.code == ResponseCode.MESSAGE_ILLEGAL
    async with cluster.producer() as careful:
        with pytest.raises(MessageIllegalError):
            await careful.send(Message(topic, bytes(4 * mib + 1)))
    [message] = await cluster.drain(topic, 1)
    assert message.body == big


@pytest_twisted.ensureDeferred
async def test_send_refused(cluster: Cluster) -> None:
    topic = await cluster.topic(2)
    async with cluster.producer() as producer, cluster.admin() as admin:
        receipt = await producer.send(Message(topic, b"x"))
        nowhere = MessageQueue(topic, receipt.queue.broker_name, 99)
        with pytest.raises((RefusedError, SendFailedError)):
            await producer.send(Message(topic, b"y"), queue=nowhere)
        await admin.topics.create(topic, queues=2, perm=PERM_READ)

        async def read_only() -> bool:
            async with cluster.admin() as fresh:
                [route] = await fresh.topics.routes([topic])
            return not route.publishable

        await until("no permission to write", read_only)
        async with cluster.producer() as late:
            with pytest.raises((RouteNotFoundError, RefusedError, SendFailedError)):
                await late.send(Message(topic, b"z"))
        await cluster.drain(topic, 1)


async def committed(cluster: Cluster, group: str, topic: str) -> int:
    """Give what a group has committed of a topic, all queues together."""
    consumer = cluster.consumer(group, topic)
    session = consumer._session
    await session.start()
    route = await session.routes.get(topic)
    offsets = []
    for queue in route.subscribable:
        address = session.routes.address(queue.broker_name)
        offset = await session.calls.committed(address, group, queue)
        offsets.append(offset or 0)
    await session.close(None)
    return sum(offsets)


@pytest_twisted.ensureDeferred
async def test_request_reply(cluster: Cluster, running: Running) -> None:
    topic, replier = await cluster.topic(2), cluster.producer()
    async with replier, cluster.producer() as asker:

        def answer(message: ReceivedMessage) -> Deferred[None]:
            return replier.reply(message, b"re:" + message.body)

        running.run(cluster.consumer(unique("C"), topic), answer)
        wanted = bodies("q", 20)
        asked = [asker.request(Message(topic, b), timeout_s=15) for b in wanted]
        replies = await gatherResults(asked)
        assert [reply.body for reply in replies] == [b"re:" + b for b in wanted]
        assert {reply.system_properties["MSG_TYPE"] for reply in replies} == {"reply"}


@pytest_twisted.ensureDeferred
async def test_request_timeout(cluster: Cluster) -> None:
    topic = await cluster.topic(1)
    async with cluster.producer() as asker:
        with pytest.raises(ReplyTimeoutError):
            await asker.request(Message(topic, b"anybody?"), timeout_s=1)
    [stored] = await cluster.drain(topic, 1)
    assert stored.body == b"anybody?"


def pop_one(address: str, topic: str) -> int:
    """Pop one message; gives the queue that it was in."""
    fields = {
        "consumerGroup": "G",
        "topic": topic,
        "queueId": "-1",
        "maxMsgNums": "1",
        "invisibleTime": "60000",
        "pollTime": "5000",
        "bornTime": str(int(reactor.seconds() * 1000)),
        "initMode": "0",
        "order": "false",
    }
    code, remark, _, body = ask(address, RequestCode.POP_MESSAGE, fields)
    assert code == 0, remark
    [record] = decode_records(body)
    return record.queue_id


@pytest_twisted.ensureDeferred
async def test_inner_batch_queue(cluster: Cluster, running: Running) -> None:
    topic, inbox = await cluster.topic(1, queue_type="BatchCQ"), Inbox()
    wanted = bodies("ib", 30)
    async with cluster.producer() as producer:
        batch = [Message(topic, body, keys=body.decode()) for body in wanted]
        ids = [receipt.message_id for receipt in await producer.send_batch(batch)]
    running.run(cluster.consumer(unique("C"), topic), inbox)
    await inbox.exactly(wanted)
    in_order = sorted(inbox.got, key=lambda message: message.queue_offset)
    assert [m.queue_offset for m in in_order] == list(range(30))
    assert [m.body for m in in_order] == wanted
    assert [m.message_id for m in in_order] == ids
    assert {m.offset_message_id for m in in_order} == {in_order[0].offset_message_id}


@pytest_twisted.ensureDeferred
async def test_priorities(cluster: Cluster) -> None:
    topic = await cluster.topic(4, message_type="PRIORITY")
    async with cluster.producer() as producer:
        for priority, queue in ((0, 0), (2, 2), (3, 3), (9, 3)):
            message = Message(topic, b"x", priority=priority)
            receipt = await producer.send(message)
            assert receipt.queue.queue_id == queue
    got = await cluster.drain(topic, 4)
    kept = sorted(m.system_properties["_SYS_MSG_PRIORITY_"] for m in got)
    assert kept == ["0", "2", "3", "9"]
    popped = [pop_one(cluster.address, topic) for _ in range(4)]
    assert popped == [3, 3, 2, 0]


@pytest_twisted.ensureDeferred
async def test_consume_concurrently(cluster: Cluster, running: Running) -> None:
    topic, group = await cluster.topic(4), unique("C")
    wanted = bodies("c", 200)
    inbox = Inbox()
    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", wanted[:100])
        consumer = running.run(cluster.consumer(group, topic), inbox)
        await cluster.send(producer, topic, "A", wanted[100:])
    await inbox.exactly(wanted)
    await consumer.close()
    assert await committed(cluster, group, topic) == 200


@pytest_twisted.ensureDeferred
async def test_consume_by_iterating(cluster: Cluster) -> None:
    topic, group = await cluster.topic(2), unique("C")
    wanted = bodies("i", 20)
    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", wanted)
    got = []
    async with cluster.consumer(group, topic) as consumer:
        async for message in consumer:
            got.append(message.body)
            if len(got) == 20:
                break
    assert sorted(got) == sorted(wanted)
    assert await committed(cluster, group, topic) == 20


@pytest_twisted.ensureDeferred
async def test_consume_rebalance(cluster: Cluster, running: Running) -> None:
    topic, group = await cluster.topic(4), unique("C")

    def queues(consumer: Consumer) -> int:
        return sum(queue.topic == topic for queue in consumer.queues)

    one, two = Inbox(), Inbox()
    first = running.run(cluster.consumer(group, topic), one)
    second = running.run(cluster.consumer(group, topic), two)
    await until("2 queues each", lambda: queues(first) == queues(second) == 2, 40)
    async with cluster.producer() as producer:
        wanted = bodies("r", 100)
        await cluster.send(producer, topic, "A", wanted)
        await until("all consumed", lambda: len(one.got) + len(two.got) >= 100)
        await wait(0.4)
        assert Counter(one.bodies + two.bodies) == Counter(wanted)
        assert len(one.got) == len(two.got) == 50
        await first.close()
        await until("the one left has all", lambda: queues(second) == 4, 40)
        more = bodies("s", 40)
        await cluster.send(producer, topic, "A", more)
        await until("the rest consumed", lambda: len(two.got) >= 90)
        await wait(0.4)
    assert Counter(two.bodies[50:]) == Counter(more)


@pytest_twisted.ensureDeferred
async def test_consume_broadcasting(
    cluster: Cluster, running: Running, tmp_path: Path
) -> None:
    topic, group = await cluster.topic(4), unique("C")
    wanted = bodies("b", 80)
    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", wanted)
    inboxes = [Inbox(), Inbox(), Inbox()]
    for n, inbox in enumerate(inboxes):
        consumer = cluster.consumer(
            group,
            topic,
            model=MessageModel.BROADCASTING,
            offsets_directory=tmp_path / str(n),
        )
        running.run(consumer, inbox)
    for inbox in inboxes:
        await inbox.exactly(wanted)
    await running.close()
    again = Inbox()
    consumer = cluster.consumer(
        group,
        topic,
        model=MessageModel.BROADCASTING,
        offsets_directory=tmp_path / "0",
    )
    running.run(consumer, again)
    await wait(1)
    assert not again.got


@pytest_twisted.ensureDeferred
async def test_consume_tag_filter(cluster: Cluster, running: Running) -> None:
    topic = await cluster.topic(2)
    wanted = []
    async with cluster.producer() as producer:
        # "Aa" and "BB" have the same hash: the client has the last word
        for tag in ("Aa", "BB", "C", "D"):
            sent = bodies(tag, 25)
            await cluster.send(producer, topic, tag, sent)
            wanted += sent if tag in {"Aa", "D"} else []
    inbox = Inbox()
    running.run(cluster.consumer(unique("C"), topic, "Aa || D"), inbox)
    await inbox.exactly(wanted)


@pytest_twisted.ensureDeferred
async def test_consume_from_where_young_topic(
    cluster: Cluster, running: Running
) -> None:
    """While a queue begins at 0, in memory, a new group begins there in any case."""
    topic = await cluster.topic(2)
    wanted = bodies("old", 20)
    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", wanted)
    await cluster.drain(topic, 20)
    await wait(1.5)
    for start in (StartFrom.LAST, datetime.now(UTC)):
        inbox = Inbox()
        consumer = cluster.consumer(unique("C"), topic, start_from=start)
        running.run(consumer, inbox)
        await inbox.exactly(wanted)


@pytest_twisted.ensureDeferred
async def test_consume_long_poll(cluster: Cluster, running: Running) -> None:
    topic = await cluster.topic(1)
    inbox = Inbox()
    running.run(cluster.consumer(unique("C"), topic), inbox)
    wanted = bodies("l", 10)
    waited_s = []
    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", wanted[:1])
        await until("the first", lambda: len(inbox.got) == 1)
        for n in range(1, 10):
            await wait(0.3)
            sent_at = reactor.seconds()
            await cluster.send(producer, topic, "A", wanted[n : n + 1])
            await until("the next", lambda n=n: len(inbox.got) == n + 1)
            waited_s.append(inbox.at[wanted[n]] - sent_at)
    # one may have met a busy machine; a poll that is not woken costs many seconds
    assert sorted(waited_s)[-2] < 1
    await inbox.exactly(wanted)


@pytest_twisted.ensureDeferred
async def test_consume_resume_after_restart(cluster: Cluster, running: Running) -> None:
    topic, group = await cluster.topic(3), unique("C")
    first, second = bodies("one", 60), bodies("two", 60)
    before, after = Inbox(), Inbox()
    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", first)
        consumer = running.run(cluster.consumer(group, topic), before)
        await before.exactly(first)
        await consumer.close()
        await cluster.send(producer, topic, "A", second)
    running.run(cluster.consumer(group, topic), after)
    await after.exactly(second, 30)


@pytest_twisted.ensureDeferred
async def test_consume_retry(cluster: Cluster, running: Running) -> None:
    topic = await cluster.topic(1)
    tries: list[tuple[bytes, int, str]] = []

    async def handle(message: ReceivedMessage) -> None:
        tries.append((message.body, message.reconsume_times, message.topic))
        await wait(0)
        if message.body == b"bad" and message.reconsume_times < 1:
            raise RetryLater(1)

    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", [b"good", b"bad"])
    running.run(cluster.consumer(unique("C"), topic), handle)
    await until("the retry", lambda: len(tries) == 3, 40)
    await wait(0.4)
    assert sorted(tries) == [
        (b"bad", 0, topic),
        (b"bad", 1, topic),
        (b"good", 0, topic),
    ]


@pytest_twisted.ensureDeferred
async def test_members_in_java_and_here_share_the_queues(genuine: Any) -> None:
    """The genuine tools see our consumer, its queues and its progress."""
    cluster = Cluster(genuine.namesrv, genuine.address)
    topic, group = await cluster.topic(2), unique("C")
    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", bodies("x", 4))
    inbox, running = Inbox(), Running()
    consumer = running.run(cluster.consumer(group, topic), inbox)
    await inbox.exactly(bodies("x", 4))

    def mqadmin(*arguments: str) -> Deferred[str]:
        from twisted.internet.threads import deferToThread  # noqa: PLC0415

        return deferToThread(peer.mqadmin, *arguments, "-n", cluster.namesrv)

    seen = await mqadmin("consumerConnection", "-g", group)
    assert consumer.client_id in seen
    info = await mqadmin("consumerStatus", "-g", group, "-i", consumer.client_id)
    assert topic in info
    await running.close()
