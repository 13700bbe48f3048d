"""The Python of the page on other patterns does what it says."""

import ast
import inspect
from collections.abc import Coroutine
from typing import Any

from doc_examples import blocks_of
from twisted.internet.defer import CancelledError, Deferred

from twistedmq.client.message import Message, MessageQueue
from twistedmq.testing import Cluster

REQUEST, PRIORITY, LIGHT = blocks_of("docs/patterns.md")


def run(cluster: Cluster, block: str, names: dict[str, Any]) -> None:
    """Run a block that may await."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    running = eval(compile(block, "patterns.md", "exec", flags=flags), names)
    if inspect.isawaitable(running):
        cluster.run(waited(running))


async def waited(running: Any) -> None:
    await running


def sender(cluster: Cluster) -> dict[str, Any]:
    producer = cluster.run(cluster.producer("asking").start())
    return {"producer": producer, "Message": Message}


def test_a_request_and_its_reply(whole_cluster: Cluster) -> None:
    names = sender(whole_cluster)
    run(whole_cluster, REQUEST, names)
    answering: Coroutine[Any, Any, None] = names["answer"](names["producer"])
    answers = Deferred.fromCoroutine(answering)
    whole_cluster.advance(1)
    assert whole_cluster.run(names["ask"](names["producer"])) == b"4.20"
    answers.addErrback(lambda failure: failure.trap(CancelledError))
    answers.cancel()
    whole_cluster.run(answers)


def stored(cluster: Cluster, topic: str, queue_id: int) -> int:
    async def count() -> int:
        async with cluster.admin() as admin:
            [route] = await admin.topics.routes([topic])
            queue = MessageQueue(topic, "broker-a", queue_id)
            address = admin._session.routes.address("broker-a")
            assert route
            return await admin._session.calls.max_offset(address, queue)

    return cluster.run(count())


def test_a_priority_is_a_queue(whole_cluster: Cluster) -> None:
    run(whole_cluster, PRIORITY, sender(whole_cluster))
    assert [stored(whole_cluster, "alarms", n) for n in range(4)] == [0, 0, 1, 0]


def test_light_queues(whole_cluster: Cluster) -> None:
    run(whole_cluster, LIGHT, sender(whole_cluster))
    assert sum(stored(whole_cluster, "chat", n) for n in range(4)) == 1
