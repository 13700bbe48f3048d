"""Our producer, against the genuine broker and ours.

The tests mirror scenarios of the peer kit, under their names: what goes out later, in
transactions, batched by itself, traced and signed.
"""

import time
from collections import Counter
from typing import Any

import peer
import pytest
import pytest_twisted
from client_scenarios import Cluster, Inbox, Running, bodies, unique, until, wait
from twisted.internet.defer import gatherResults
from twisted.internet.threads import deferToThread

from twistedmq import Message, Outcome, Producer, Receipt, ReceivedMessage
from twistedmq.client.batching import Batching
from twistedmq.client.errors import RefusedError, SendFailedError
from twistedmq.client.latency import LatencyAvoiding
from twistedmq.client.packing import PackingRules
from twistedmq.client.session import ClientSettings
from twistedmq.client.tracing import MessageTrace
from twistedmq.protocol.recall_handle import RecallHandleError
from twistedmq.protocol.signing import Credentials
from twistedmq.protocol.trace import TraceType, decode_trace


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest_twisted.ensureDeferred
async def test_send_auto_batch(cluster: Cluster) -> None:
    topic, wanted = await cluster.topic(4), bodies("ab", 100)
    async with cluster.producer(batching=Batching()) as producer:
        sends = [producer.send(Message(topic, body, tag="B")) for body in wanted]
        receipts = await gatherResults(sends)
    got = {m.message_id: m for m in await cluster.drain(topic, 100)}
    assert len({receipt.queue for receipt in receipts}) == 1  # they went together
    for receipt, body in zip(receipts, wanted, strict=True):
        message = got[receipt.message_id]
        assert (message.body, message.tag) == (body, "B")
        assert message.offset_message_id == receipt.offset_message_id
        assert message.queue_offset == receipt.queue_offset


@pytest_twisted.ensureDeferred
async def test_send_ordered_by_sharding_key(cluster: Cluster) -> None:
    topic = await cluster.topic(4)
    async with cluster.producer() as producer:
        for step in range(5):
            for key in "abcdefgh":
                body = f"{key}:{step}".encode()
                await producer.send(Message(topic, body, sharding_key=key))
    queues: dict[str, set[int]] = {}
    steps: dict[str, list[str]] = {}
    for message in await cluster.drain(topic, 40):
        key, _, step = message.body.decode().partition(":")
        queues.setdefault(key, set()).add(message.queue.queue_id)
        steps.setdefault(key, []).append(step)
        assert message.system_properties["__SHARDINGKEY"] == key
    assert all(len(each) == 1 for each in queues.values())
    assert set(map(tuple, steps.values())) == {("0", "1", "2", "3", "4")}


@pytest_twisted.ensureDeferred
async def test_timer_message(cluster: Cluster, running: Running) -> None:
    topic = await cluster.topic(1)
    inbox = Inbox()
    running.run(cluster.consumer(unique("C"), topic), inbox)
    begun_ms = now_ms()
    later: dict[bytes, dict[str, Any]] = {
        b"seconds": {"delay_s": 2},
        b"milliseconds": {"delay_s": 2.5},
        b"at a time": {"deliver_at_ms": begun_ms + 3000},
        b"by level": {"delay_level": 1},
        b"over": {"deliver_at_ms": begun_ms - 5000},
    }
    due_ms = [2000, 2500, 3000, 1000, 0]
    async with cluster.producer(selection=LatencyAvoiding(detect=True)) as producer:
        for body, when in later.items():
            await producer.send(Message(topic, body, **when))
        await inbox.exactly(list(later))
    for (body, _), after_ms in zip(later.items(), due_ms, strict=True):
        [message] = [m for m in inbox.got if m.body == body]
        assert begun_ms + after_ms <= message.stored_at_ms + 50, body
        assert message.stored_at_ms < begun_ms + after_ms + 4000, body


@pytest_twisted.ensureDeferred
async def test_recall_message(cluster: Cluster) -> None:
    topic = await cluster.topic(1)
    async with cluster.producer() as producer:
        at_ms = now_ms() + 2500
        kept = await producer.send(Message(topic, b"kept", deliver_at_ms=at_ms))
        receipt = await producer.send(Message(topic, b"gone", deliver_at_ms=at_ms))
        assert kept.recall_handle
        assert receipt.recall_handle
        assert await producer.recall(topic, receipt.recall_handle) == receipt.message_id
        with pytest.raises(RecallHandleError):
            await producer.recall(topic, "nonsense")
        plain = await producer.send(Message(unique("N"), b"at once"))
        assert plain.recall_handle is None
        await wait(3.7)
        [message] = await cluster.drain(topic, 1)
        assert message.body == b"kept"
        with pytest.raises(RefusedError):
            await producer.recall(topic, receipt.recall_handle)


@pytest_twisted.ensureDeferred
async def test_transactions(cluster: Cluster, running: Running) -> None:
    """Mirrors transaction-commit, transaction-rollback and transaction-checkback."""
    topic = await cluster.topic(2)
    inbox, asked = Inbox(), Counter[str]()
    running.run(cluster.consumer(unique("C"), topic, tags="tx"), inbox)
    worked: set[str] = set()

    def check(half: ReceivedMessage) -> Outcome:
        text = half.body.decode()
        asked[text] += 1
        assert half.topic == topic
        assert half.properties == {"n": text[-1]}
        if half.message_id in worked and asked[text] > 1:
            return Outcome.COMMIT if text.startswith("later") else Outcome.ROLLBACK
        return Outcome.UNKNOWN

    async with cluster.producer(check=check) as producer:

        async def work(half: Receipt) -> Outcome:
            worked.add(half.message_id)
            return {"commit": Outcome.COMMIT, "rollback": Outcome.ROLLBACK}.get(
                word, Outcome.UNKNOWN
            )

        for word in ("commit", "rollback", "later", "never"):
            for n in range(3):
                message = Message(
                    topic,
                    f"{word}-{n}".encode(),
                    tag="tx",
                    keys=f"{word}{n}",
                    properties={"n": str(n)},
                )
                receipt = await producer.send_in_transaction(message, work)
                known = receipt.outcome is not Outcome.UNKNOWN
                assert receipt.confirmed is known
                assert receipt.transaction_id == receipt.message_id
        first = bodies("commit", 3)
        await inbox.exactly(first)

        async def open_ones_are_listed() -> bool:
            async with cluster.admin() as admin:
                by_broker = await admin.transactions.open()
            halves = [half for found in by_broker.values() for half in found]
            keys = {half.keys for half in halves if half.topic == topic}
            ended = {key for key in keys if key.startswith(("commit", "rollback"))}
            return keys >= {f"never{n}" for n in range(3)} and not ended

        await until("what is undecided is listed alone", open_ones_are_listed)
        await inbox.exactly(first + bodies("later", 3), 30)
        await until(
            "all are asked about twice",
            lambda: all(asked[f"never-{n}"] > 1 for n in range(3)),
        )
    for message in inbox.got:
        assert message.properties == {"n": message.body.decode()[-1]}
        assert message.message_id in worked
    assert not {text for text in asked if text.startswith(("commit", "rollback"))}


@pytest_twisted.ensureDeferred
async def test_message_trace(cluster: Cluster, running: Running) -> None:
    topic, traces = await cluster.topic(1), await cluster.topic(1)
    watchers, inbox = [MessageTrace(traces, flush_after_s=0.3)], Inbox()
    running.run(cluster.consumer(unique("C"), topic, watchers=watchers), inbox)
    async with cluster.producer(watchers=watchers) as producer:
        receipt = await producer.send(Message(topic, b"traced", tag="A", keys="k"))
        await inbox.exactly([b"traced"])
    messages = await cluster.drain(traces, 2)
    items = [item for m in messages for item in decode_trace(m.body.decode())]
    kinds = Counter(item.type for item in items)
    assert kinds == {TraceType.SEND: 1, TraceType.DELIVERY: 1, TraceType.CONSUMED: 1}
    assert {item.message_id for item in items} == {receipt.message_id}
    assert all(receipt.message_id in m.keys for m in messages)
    assert all("k" in m.keys for m in messages)


@pytest_twisted.ensureDeferred
async def test_acl_signature(tmp_path: Any) -> None:
    """Mirrors acl-signature; our broker has no access control yet."""
    config = {**peer.SCENARIO, **peer.ACL}
    with (
        peer.NameServer() as name_server,
        peer.Broker(name_server, config=config, home=tmp_path) as broker,
    ):
        cluster = Cluster(name_server.address, broker.address)

        def producer(*keys: str) -> Producer:
            settings = ClientSettings(
                nameservers=cluster.namesrv,
                credentials=Credentials(*keys) if keys else None,
            )
            return Producer(unique("P"), settings=settings, timeout_s=10, retries=0)

        topic = unique("T")
        async with producer(*peer.ACL_USER) as right:
            receipt = await right.send(Message(topic, "zażółć".encode(), keys="ć"))
            assert receipt.queue_offset == 0
        for wrong in [(), (peer.ACL_USER[0], "wrong-password"), ("nobody", "x")]:
            async with producer(*wrong) as refused:
                with pytest.raises((RefusedError, SendFailedError)) as raised:
                    await refused.send(Message(topic, b"x"))
                assert raised.value.code == 16, raised.value  # no permission


@pytest_twisted.ensureDeferred
async def test_the_genuine_tool_reads_our_trace(genuine: Any) -> None:
    cluster = Cluster(genuine.namesrv, genuine.address)
    topic, traces = await cluster.topic(1), await cluster.topic(1)
    async with cluster.producer(watchers=[MessageTrace(traces)]) as producer:
        receipt = await producer.send(Message(topic, b"traced", tag="A"))
    await cluster.drain(traces, 1)
    asked = ("-n", genuine.namesrv, "-i", receipt.message_id, "-t", traces)
    shown = await deferToThread(peer.mqadmin, "queryMsgTraceById", *asked)
    assert "Pub" in shown, shown
    assert "success" in shown, shown


@pytest_twisted.ensureDeferred
async def test_a_genuine_consumer_reads_what_we_pack(genuine: Any) -> None:
    """Compressed in each way, and in a batch."""
    cluster = Cluster(genuine.namesrv, genuine.address)
    topic, long = await cluster.topic(1), "a body that compresses well " * 200
    for kind in ("zlib", "lz4", "zstd"):
        packing = PackingRules(compression=kind)
        async with cluster.producer(packing=packing) as producer:
            await producer.send(Message(topic, f"{kind}: {long}".encode()))
    async with cluster.producer(batching=Batching()) as producer:
        some = [Message(topic, body) for body in bodies("batched", 3)]
        await gatherResults([producer.send(message) for message in some])
    await cluster.drain(topic, 6)
    asked = ("-n", genuine.namesrv, "-t", topic)
    shown = await deferToThread(peer.mqadmin, "consumeMessage", *asked)
    for kind in ("zlib", "lz4", "zstd"):
        assert f"{kind}: {long.rstrip()}" in shown, kind
    for body in bodies("batched", 3):
        assert body.decode() in shown
