"""Our clients and genuine ones in one namespace, at the genuine broker and at ours."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import peer
import pytest
import pytest_twisted
from client_scenarios import RUN, Cluster, Inbox, Running, unique, until
from msgspec.structs import replace

from twistedmq import (
    Consumer,
    LitePullConsumer,
    Message,
    MessageQueue,
    Outcome,
    Producer,
    PullBatch,
    PullConsumer,
    ReceivedMessage,
    RetryLater,
    SimpleConsumer,
    StartFrom,
)
from twistedmq.client.session import ClientSettings
from twistedmq.protocol import properties

ECHO = Path(__file__).parent / "members" / "Echo.java"
SPACE = f"NS{RUN}"
Start = Callable[[Cluster, str, str, str], None]


@pytest.fixture
def echo() -> Iterator[Start]:
    """Give what starts a genuine member that sends back what it gets."""
    with ExitStack() as stack:

        def start(cluster: Cluster, group: str, topic: str, back: str) -> None:
            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-"))
            told = cluster.namesrv, SPACE, group, topic, back
            logs = [f"-Drocketmq.client.logRoot={home}/logs"]
            command = peer.java(str(ECHO), *told, home=home, jvm=logs)
            quiet = subprocess.DEVNULL
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=quiet, cwd=home
            )
            stack.callback(process.wait, 30)
            assert process.stdin
            stack.callback(process.stdin.close)

        yield start


def settings(cluster: Cluster) -> ClientSettings:
    return replace(cluster.fast, namespace=SPACE)


async def topic(cluster: Cluster, queues: int = 2) -> str:
    """Make a topic of the namespace; gives its bare name."""
    bare = unique("T")
    async with cluster.admin() as admin:
        await admin.topics.create(f"{SPACE}%{bare}", queues=queues)

        async def routed() -> bool:
            return f"{SPACE}%{bare}" in await admin.topics.names()

        await until(f"route of {bare}", routed)
    return bare


async def pulled(puller: PullConsumer, queue: MessageQueue, count: int) -> PullBatch:
    """Pull from the beginning, once so many are there.

    The genuine broker has them in the queue a little after it told who sent them.
    """
    batches: list[PullBatch] = []

    async def there() -> bool:
        batches.append(await puller.pull(queue, 0))
        return len(batches[-1].messages) >= count

    await until(f"{count} to pull", there)
    return batches[-1]


@pytest_twisted.ensureDeferred
async def test_clients_in_java_and_here_talk_in_a_namespace(
    cluster: Cluster, running: Running, echo: Start
) -> None:
    there, back, group = await topic(cluster), await topic(cluster), unique("G")
    echo(cluster, group, there, back)
    inbox, refused = Inbox(), []

    def handle(message: ReceivedMessage) -> None:
        if not refused:
            refused.append(message.body)
            raise RetryLater(1)
        inbox(message)

    ours = Consumer(unique("C"), {back: "E"}, settings=settings(cluster))
    running.run(ours, handle)

    async def pay(half: object) -> Outcome:
        return Outcome.COMMIT

    producer = Producer(
        unique("P"), settings=settings(cluster), check=lambda half: Outcome.COMMIT
    )
    async with producer:
        receipt = await producer.send(Message(there, b"one", tag="x"))
        assert receipt.queue.topic == there
        await producer.send_batch([Message(there, b"two"), Message(there, b"three")])
        await producer.send(Message(there, b"again"))
        await producer.send_in_transaction(Message(there, b"paid"), pay)
        wanted = [f"{there} 0 {word}" for word in ("one", "two", "three", "paid")]
        wanted.append(f"{there} 1 again")
        await inbox.exactly([text.encode() for text in wanted], 60)
    assert {message.topic for message in inbox.got} == {back}
    again = [message for message in inbox.got if message.reconsume_times]
    assert [each.body for each in again] == refused
    assert again[0].queue.topic == f"%RETRY%{ours.group}"
    stored = await cluster.drain(f"{SPACE}%{there}", 5)
    assert SPACE in {
        each.system_properties.get(properties.INSTANCE_ID) for each in stored
    }


@pytest_twisted.ensureDeferred
async def test_consumers_that_ask_in_a_namespace(cluster: Cluster) -> None:
    name, told = await topic(cluster, 1), {"settings": settings(cluster)}
    async with Producer(unique("P"), **told) as producer:
        for word in (b"one", b"two"):
            await producer.send(Message(name, word))
    async with PullConsumer(unique("C"), **told) as puller:
        [queue] = await puller.queues(name)
        assert queue.topic == name
        batch = await pulled(puller, queue, 2)
        assert [each.body for each in batch.messages] == [b"one", b"two"]
        await puller.commit(queue, 2)
        assert await puller.committed(queue) == 2
        seen = await puller.view(name, batch.messages[0].message_id)
        assert (seen.topic, seen.queue) == (name, queue)
    lite = LitePullConsumer(
        unique("C"), {name: "*"}, start_from=StartFrom.FIRST, **told
    )
    async with lite:
        polled = [*await lite.poll(10), *await lite.poll(1)]
        assert [(each.topic, each.body) for each in polled[:2]] == [
            (name, b"one"),
            (name, b"two"),
        ]
    simple = SimpleConsumer(
        unique("C"), {name: "*"}, start_from=StartFrom.FIRST, **told
    )
    async with simple:
        lent = {}
        while len(lent) < 2:
            for message in await simple.receive(2, invisible_s=2):
                lent[message.body] = message
        assert {each.topic for each in lent.values()} == {name}
        await simple.ack(lent[b"one"])
        again = []
        while not again:  # by the retry topic of the group, which has two names in it
            again = await simple.receive(2, invisible_s=20)
        assert [(each.topic, each.body) for each in again] == [(name, b"two")]
        await simple.ack(again[0])


@pytest_twisted.ensureDeferred
async def test_requests_and_replies_in_a_namespace(
    cluster: Cluster, running: Running
) -> None:
    name, told = await topic(cluster), {"settings": settings(cluster)}
    asking, replying = Producer(unique("P"), **told), Producer(unique("R"), **told)
    async with asking as asker, replying as replier:
        consumer = Consumer(
            unique("C"), {name: "*"}, start_from=StartFrom.FIRST, **told
        )
        running.run(consumer, lambda asked: replier.reply(asked, b"fine"))
        await until("its queues", lambda: len(consumer.queues) >= 2)
        reply = await asker.request(Message(name, b"how?"), timeout_s=15)
        assert reply.body == b"fine"
        assert SPACE not in reply.topic


@pytest_twisted.ensureDeferred
async def test_what_is_announced_changes_no_names(cluster: Cluster) -> None:
    name = await cluster.topic(1)
    told = {"settings": replace(cluster.fast, announced_namespace="tenant")}
    async with Producer(unique("P"), **told) as producer:
        receipt = await producer.send(Message(name, b"one"))
        assert receipt.queue.topic == name
    async with PullConsumer(unique("C"), **told) as puller:
        [queue] = await puller.queues(name)
        batch = await pulled(puller, queue, 1)
        assert [each.body for each in batch.messages] == [b"one"]
