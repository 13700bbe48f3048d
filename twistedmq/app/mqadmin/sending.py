"""The verbs that send."""

from typing import Any, Final

from twistedmq.admin.client import Admin
from twistedmq.app.mqadmin.consumers import queue_value
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.send_results import STATUS, sent_text, sent_value
from twistedmq.app.mqadmin.verbs import Option, Verb, boolean, integer
from twistedmq.client.message import Message, MessageQueue
from twistedmq.client.producer import Producer
from twistedmq.client.tracing import MessageTrace
from twistedmq.protocol.errors import InvalidParameterError, TwistedMQError

SENT: Final = "%-32s  %-4s  %-20s    %s"
WORDS: Final = b"hello jodie"
FIRST_BYTES: Final = 16
PROBE_GROUP: Final = "PID_SMSC"


async def send_message(admin: Admin, options: Any, output: Output) -> None:
    """Send one message."""
    queue = None
    if options.qid is not None:
        if options.broker is None:
            raise InvalidParameterError("a queue needs its broker: -b")
        queue = MessageQueue(options.topic, options.broker, options.qid)
    message = Message(
        options.topic,
        options.body.encode(errors="surrogateescape"),  # it may be no text
        tag=options.tags,
        keys=(options.key or "").split(),
    )
    group = str(admin.wall_ms())
    watchers = [MessageTrace()] if options.msg_trace_enable else []
    async with Producer(group, settings=admin.settings, watchers=watchers) as producer:
        receipt = await producer.send(message, queue=queue)
    output.line(SENT, "#Broker Name", "#QID", "#Send Result", "#MsgId")
    output.line(
        SENT,
        receipt.queue.broker_name,
        receipt.queue.queue_id,
        STATUS[receipt.status],
        receipt.message_id,
    )
    output.result(sent_value(receipt))


async def send_msg_status(admin: Admin, options: Any, output: Output) -> None:
    """Send messages to a broker, and say how long each took."""
    size = 128 if options.message_size is None else options.message_size
    count = 50 if options.count is None else options.count
    topic = options.broker_name  # each broker has a topic of its name
    async with Producer(PROBE_GROUP, settings=admin.settings) as producer:
        await producer.send(_words(topic, FIRST_BYTES))
        for _ in range(count):
            begun_ms = admin.wall_ms()
            receipt = await producer.send(_words(topic, size))
            took_ms = admin.wall_ms() - begun_ms
            output.line("rt=%sms, SendResult=%s", took_ms, sent_text(receipt))
            output.result(sent_value(receipt) | {"took_ms": took_ms})


async def check_msg_send_rt(admin: Admin, options: Any, output: Output) -> None:
    """Send messages to the queues of a topic in turn, and say how long each took."""
    amount = 100 if options.amount is None else options.amount
    size = 128 if options.size is None else options.size
    if amount < 1 or size < 1:
        raise InvalidParameterError(f"amount is {amount} and size {size}, not above 0")
    message = Message(options.topic, b"a" * size)
    took: list[int] = []
    rows = []
    output.line(SENT, "#Broker Name", "#QID", "#Send Result", "#RT")
    async with Producer(str(admin.wall_ms()), settings=admin.settings) as producer:
        queues = await producer.queues(options.topic)
        for number in range(amount):
            queue = queues[number % len(queues)]
            begun_ms = admin.wall_ms()
            sent = True
            try:
                await producer.send(message, queue=queue)
            except TwistedMQError as error:
                sent = False
                output.problem(error, queue.broker_name)
            took.append(admin.wall_ms() - begun_ms)
            output.line(SENT, queue.broker_name, queue.queue_id, sent, took[-1])
            rows.append(queue_value(queue) | {"sent": sent, "took_ms": took[-1]})
    # the first one connects, so it does not count
    average_ms = sum(took[1:]) / (amount - 1) if amount > 1 else float("nan")
    output.line("Avg RT: %s", "NaN" if amount == 1 else f"{average_ms:.2f}")
    output.result({"average_ms": None if amount == 1 else average_ms, "messages": rows})


def _words(topic: str, size: int) -> Message:
    """Make a message of *size* bytes, or a few more."""
    return Message(topic, WORDS * max(1, -(-size // len(WORDS))))


VERBS = [
    Verb(
        "checkMsgSendRT",
        "sends to the queues of a topic in turn, and tells the times",
        check_msg_send_rt,
        Option("t", "topic", "the topic", required=True),
        Option("a", "amount", "as many messages, 100 if not said", kind=integer),
        Option("s", "size", "of so many bytes, 128 if not said", kind=integer),
    ),
    Verb(
        "sendMessage",
        "sends a message",
        send_message,
        Option("t", "topic", "where to", required=True),
        Option("p", "body", "what", required=True),
        Option("k", "key", "words that find it later"),
        Option("c", "tags", "what consumers filter by"),
        Option("b", "broker", "the name of the broker"),
        Option("i", "qid", "the queue of it", kind=integer),
        Option("m", "msgTraceEnable", "trace it", kind=boolean),
    ),
    Verb(
        "sendMsgStatus",
        "sends messages to a broker, and tells the times",
        send_msg_status,
        Option("b", "brokerName", "the name of the broker", required=True),
        Option("s", "messageSize", "of so many bytes, 128 if not said", kind=integer),
        Option("c", "count", "as many messages, 50 if not said", kind=integer),
    ),
]
