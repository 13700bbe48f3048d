"""Our client under load, as Load.java is the genuine one.

The argument is the name server. Each line of standard input is an order, each is
answered with one line of JSON; goes in peace when standard input ends.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredQueue, gatherResults
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.protocols.basic import LineOnlyReceiver

from twistedmq import Consumer, Message, Producer, ReceivedMessage, StartFrom
from twistedmq.client.batching import Batching

BODY = b"x" * 1024
TOGETHER = 32


class Span:
    """What time it took, on the clock and of the processor."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.cpu = time.process_time()

    def end(self, count: int, failed: int) -> None:
        seconds, used = time.monotonic() - self.began, time.process_time() - self.cpu
        figures = {"messages": count, "failed": failed}
        print(json.dumps({**figures, "seconds": seconds, "cpu_s": used}), flush=True)


class Pipeline:
    """Sends without waiting, with at most so many in flight."""

    def __init__(self, send: Callable[..., Any], topic: str, count: int, window: int):
        self.send, self.topic, self.count, self.window = send, topic, count, window
        self.begun = self.landed = self.failed = 0
        self.done: Deferred[None] = Deferred()

    def more(self) -> None:
        while self.begun < self.count and self.begun - self.landed < self.window:
            message = Message(self.topic, BODY, tag="bench", keys=f"k{self.begun}")
            self.begun += 1
            self.send(message).addCallbacks(self._stored, self._failed)

    def _stored(self, receipt: object) -> None:
        self.landed += 1
        self.more()
        if self.landed == self.count:
            self.done.callback(None)

    def _failed(self, failure: Any) -> None:
        if not self.failed:
            print(failure.getErrorMessage(), file=sys.stderr)
        self.failed += 1
        self._stored(None)


async def pipelined(producer: Producer, topic: str, count: int, window: int) -> None:
    pipeline = Pipeline(producer.send, topic, count, window)
    span = Span()
    pipeline.more()
    await pipeline.done
    span.end(count, pipeline.failed)


async def waiting(producer: Producer, topic: str, count: int, senders: int) -> None:
    """So many coroutines, each of which waits for its receipt before it sends again."""
    numbers = iter(range(count))

    async def sender() -> None:
        for n in numbers:
            await producer.send(Message(topic, BODY, tag="bench", keys=f"k{n}"))

    span = Span()
    await gatherResults([Deferred.fromCoroutine(sender()) for _ in range(senders)])
    span.end(count, 0)


async def filled(producer: Producer, topic: str, count: int) -> None:
    span = Span()
    for first in range(0, count, TOGETHER):
        numbers = range(first, min(first + TOGETHER, count))
        lot = [Message(topic, BODY, tag="bench", keys=f"k{n}") for n in numbers]
        await producer.send_batch(lot)
    span.end(count, 0)


async def consumed(namesrv: str, topic: str, count: int, group: str) -> None:
    """Measured from the first message to the last one."""
    got = strange = 0
    span = Span()
    everything: Deferred[None] = Deferred()

    def take(message: ReceivedMessage) -> None:
        nonlocal got, strange, span
        if not got:
            span = Span()
        got += 1
        if len(message.body) != len(BODY):
            strange += 1
        if got == count:
            everything.callback(None)

    consumer = Consumer(
        group, {topic: "*"}, nameservers=namesrv, start_from=StartFrom.FIRST
    )
    running = consumer.run(take)
    running.addErrback(everything.errback)
    await everything
    span.end(count, strange)
    await consumer.close()


class Orders(LineOnlyReceiver):
    """Gives the lines of standard input, and None at its end."""

    delimiter = b"\n"

    def __init__(self) -> None:
        self.queue: DeferredQueue[str | None] = DeferredQueue()

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        self.queue.put(line.decode())

    def connectionLost(self, reason: Any = None) -> None:
        self.queue.put(None)


async def main(_: Any, namesrv: str) -> None:
    orders = Orders()
    StandardIO(orders)
    async with (
        Producer("load_usual", nameservers=namesrv) as usual,
        Producer("load_apart", nameservers=namesrv, batching=None) as apart,
        Producer("load_batching", nameservers=namesrv, batching=Batching()) as batching,
    ):
        while (line := await orders.queue.get()) is not None:
            load, topic, count, many, *more = line.split(" ")
            if load == "pipelined":
                await pipelined(usual, topic, int(count), int(many))
            elif load == "apart":
                await pipelined(apart, topic, int(count), int(many))
            elif load == "batched":
                await pipelined(batching, topic, int(count), int(many))
            elif load == "waiting":
                await waiting(batching, topic, int(count), int(many))
            elif load == "filled":
                await filled(usual, topic, int(count))
            elif load == "consumed":
                await consumed(namesrv, topic, int(count), *more)
            else:
                raise ValueError(line)


if __name__ == "__main__":
    react(lambda _: Deferred.fromCoroutine(main(reactor, sys.argv[1])))
