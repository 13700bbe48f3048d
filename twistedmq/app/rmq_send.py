"""``rmq send``."""

from argparse import Namespace
from typing import Any, BinaryIO, TextIO

from twisted.internet.defer import DeferredSemaphore, gatherResults

from twistedmq.client.deferreds import unwrapped
from twistedmq.client.message import Message, Receipt
from twistedmq.client.producer import Producer

IN_FLIGHT = 128


async def send(reactor: Any, options: Namespace, out: TextIO, stdin: BinaryIO) -> None:
    """Send a message as often as asked for, and print the receipts."""
    body = stdin.read() if options.body == "-" else _typed(options.body)
    message = Message(
        options.topic,
        body,
        tag=options.tag,
        keys=options.key,
        properties=dict(options.property),
    )
    producer = Producer(
        "RMQ_SEND",
        nameservers=options.namesrv,
        reactor=reactor,
        settings=options.settings,
    )
    async with producer:
        slots = DeferredSemaphore(IN_FLIGHT)
        sends = [slots.run(producer.send, message) for _ in range(options.count)]
        for sent in sends:
            sent.addCallback(lambda receipt: out.write(_receipt_line(receipt)))
        await unwrapped(gatherResults(sends, consumeErrors=True))


def _typed(text: str) -> bytes:
    """Give the bytes of a word of the command line, also of one that is no UTF-8."""
    return text.encode(errors="surrogateescape")


def _receipt_line(receipt: Receipt) -> str:
    queue = f"{receipt.queue.broker_name}/{receipt.queue.queue_id}"
    place = f"{queue} offset {receipt.queue_offset}"
    return f"{receipt.message_id} {place} {receipt.durability.name}\n"
