"""The verbs that read queues from one end to the other."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final

from twistedmq.admin.client import Admin
from twistedmq.admin.messages import AT_ONCE, Slice
from twistedmq.app.mqadmin.java_text import (
    decoded,
    known_charset,
    message_text,
    message_value,
    queue_text,
    time_ms,
)
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.verbs import Option, Verb, boolean, integer
from twistedmq.client.message import MessageQueue
from twistedmq.protocol import names
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import InvalidParameterError

UTF_8: Final = "UTF-8"
MOST: Final = 128
"""Messages that consumeMessage gives if not told otherwise."""
STATUS: Final = {
    ResponseCode.PULL_RETRY_IMMEDIATELY: "NO_MATCHED_MSG",
    ResponseCode.PULL_NOT_FOUND: "NO_NEW_MSG",
    ResponseCode.PULL_OFFSET_MOVED: "OFFSET_ILLEGAL",
}
ENDS: Final = frozenset({ResponseCode.PULL_NOT_FOUND, ResponseCode.PULL_OFFSET_MOVED})


class _Reader:
    """Reads queues and prints what is in them."""

    def __init__(
        self,
        admin: Admin,
        output: Output,
        *,
        expression: str = "*",
        group: str = names.TOOLS_CONSUMER_GROUP,
        route_of: str | None = None,
    ) -> None:
        self._admin = admin
        self._output = output
        self._expression = expression
        self._group = group
        self._route_of = route_of

    async def bounds(self, queue: MessageQueue, options: Any) -> tuple[int, int]:
        """Give where to begin and to end, by the times that were asked for."""
        messages, parent = self._admin.messages, self._route_of
        least, end = await messages.bounds(queue, route_of=parent)
        if options.begin_timestamp:
            since_ms = time_ms(options.begin_timestamp)
            least = await messages.at_time(queue, since_ms, route_of=parent)
        if options.end_timestamp:
            until_ms = time_ms(options.end_timestamp)
            end = await messages.at_time(queue, until_ms, route_of=parent)
        return least, end

    async def slices(
        self, queue: MessageQueue, offset: int, end: int, limit: int | None = None
    ) -> AsyncIterator[Slice]:
        """Give what is in *queue* from *offset* on, until *end* or nothing is there."""
        while offset < end:
            found = await self._admin.messages.read(
                queue,
                offset,
                expression=self._expression,
                limit=limit or end - offset,
                route_of=self._route_of,
                group=self._group,
            )
            yield found
            if found.code in ENDS or found.next_offset <= offset:
                return
            offset = found.next_offset

    def show(self, found: Slice, charset: str, *, with_body: bool) -> None:
        """Print messages."""
        for stored in found.found:
            body = decoded(stored.message.body, charset)
            self._output.line(
                "MSGID: %s %s BODY: %s",
                stored.message.message_id,
                message_text(stored, found.bounds),
                body if with_body else "NOT PRINT BODY",
            )
            self._output.result(message_value(stored))

    def say(self, queue: MessageQueue, found: Slice) -> None:
        """Say why a slice has no messages."""
        status = STATUS.get(ResponseCode(found.code))
        if status is not None:
            what = "print msg finished." if found.code in ENDS else "no matched msg."
            self._output.line(
                "%s %s status=%s, offset=%s",
                *(queue_text(queue), what, status, found.next_offset),
            )


async def print_msg(admin: Admin, options: Any, output: Output) -> None:
    """Print all messages of a topic."""
    charset = known_charset(options.charset_name) or UTF_8
    parent = options.lmq_parent_topic
    reader = _Reader(
        admin, output, expression=options.sub_expression or "*", route_of=parent
    )
    with_body = True if options.print_body is None else options.print_body
    for each in await admin.messages.queues(parent or options.topic):
        queue = MessageQueue(options.topic, each.broker_name, each.queue_id)
        least, end = await reader.bounds(queue, options)
        output.line("minOffset=%s, maxOffset=%s, %s", least, end, queue_text(queue))
        async for found in reader.slices(queue, least, end, AT_ONCE):
            reader.show(found, charset, with_body=with_body)
            reader.say(queue, found)
        output.line("-" * 56)


async def print_msg_by_queue(admin: Admin, options: Any, output: Output) -> None:
    """Print the messages of one queue, and count their tags."""
    charset = known_charset(options.charset_name) or UTF_8
    queue = MessageQueue(options.topic, options.broker_name, options.queue_id)
    reader = _Reader(admin, output, expression=options.sub_expression or "*")
    least, end = await reader.bounds(queue, options)
    tags: Counter[str] = Counter()
    async for found in reader.slices(queue, least, end, AT_ONCE):
        if found.code != ResponseCode.SUCCESS:
            break
        tags.update(each.message.tag for each in found.found if each.message.tag)
        if options.print_msg:
            reader.show(found, charset, with_body=bool(options.print_body))
    if options.calculate:
        for tag, count in sorted(tags.items(), key=lambda item: -item[1]):
            output.line("Tag: %-30s Count: %s", tag, count)
        output.result({"tags": dict(tags)})


async def consume_message(admin: Admin, options: Any, output: Output) -> None:
    """Print the oldest messages of a topic or a queue; nothing is committed."""
    _check(admin, options)
    count = MOST if options.message_number is None else options.message_number
    reader = _Reader(
        admin, output, group=options.consumer_group or names.TOOLS_CONSUMER_GROUP
    )
    if options.queue_id is not None:
        queue = MessageQueue(options.topic, options.broker_name, options.queue_id)
        least, end = await reader.bounds(queue, options)
        offset = options.offset or 0
        if offset > end:
            output.line("%s no matched msg, offset=%s", queue_text(queue), offset)
            return
        least = max(least, offset)
        if end - least > count:
            output.line("The oldler %d message will be provided", count)
            end = least + count - 1
        await _consume(reader, queue, least, end, output)
        return
    for queue in await admin.messages.queues(options.topic):
        if count == 0:
            return
        least, end = await reader.bounds(queue, options)
        if end - least > count:
            output.line(
                "The older %d message of the %d queue will be provided",
                count,
                queue.queue_id,
            )
            end = least + count - 1
            count = 0
        else:
            count -= end - least + 1
        await _consume(reader, queue, least, end, output)


async def _consume(
    reader: _Reader, queue: MessageQueue, least: int, end: int, output: Output
) -> None:
    # the end is looked at, too, as the genuine tool does
    async for found in reader.slices(queue, least, end + 1):
        if found.code == ResponseCode.SUCCESS:
            output.line("Consume ok")
        reader.show(found, UTF_8, with_body=True)
        reader.say(queue, found)


def _check(admin: Admin, options: Any) -> None:
    """Raise InvalidParameterError where options do not fit together."""
    if options.message_number is not None and options.message_number <= 0:
        raise InvalidParameterError(
            f"MessageNumber is {options.message_number}, at least 1 is needed"
        )
    if options.queue_id is not None and options.broker_name is None:
        raise InvalidParameterError("a queue needs its broker: -b")
    if options.offset is not None and options.queue_id is None:
        raise InvalidParameterError("an offset needs its queue: -i")
    times = {
        what: time_ms(text)
        for what, text in (
            ("begin", options.begin_timestamp),
            ("end", options.end_timestamp),
        )
        if text
    }
    for what, at_ms in times.items():
        if at_ms > admin.wall_ms():
            raise InvalidParameterError(f"{what}Timestamp is {at_ms}, after now")
    if len(times) == 2 and times["begin"] > times["end"]:
        raise InvalidParameterError(
            f"beginTimestamp {times['begin']} is after endTimestamp {times['end']}"
        )


TOPIC = Option("t", "topic", "the topic", required=True)
CHARSET = Option("c", "charsetName", "of bodies; UTF-8 if not said")
EXPRESSION = Option("s", "subExpression", "only these tags: a || b")
TIMES = "ms since 1970, or yyyy-MM-dd#HH:mm:ss:SSS"

VERBS = [
    Verb(
        "consumeMessage",
        "prints the oldest messages of a topic or a queue",
        consume_message,
        TOPIC,
        Option("b", "brokerName", "the name of a broker"),
        Option("i", "queueId", "only this queue of it", kind=integer),
        Option("o", "offset", "from this offset of it on", kind=integer),
        Option("g", "consumerGroup", "in the name of this group"),
        Option("s", "beginTimestamp", f"stored then or later: {TIMES}"),
        Option("e", "endTimestamp", f"stored before: {TIMES}"),
        Option("c", "MessageNumber", "as many; 128 if not said", kind=integer),
    ),
    Verb(
        "printMsg",
        "prints the messages of a topic",
        print_msg,
        TOPIC,
        CHARSET,
        EXPRESSION,
        Option("b", "beginTimestamp", f"stored then or later: {TIMES}"),
        Option("e", "endTimestamp", f"stored before: {TIMES}"),
        Option("d", "printBody", "the body, too; the default", kind=boolean),
        Option("l", "lmqParentTopic", "for a light queue: what it hangs on"),
    ),
    Verb(
        "printMsgByQueue",
        "prints the messages of one queue, or counts their tags",
        print_msg_by_queue,
        TOPIC,
        Option("a", "brokerName", "the name of the broker", required=True),
        Option("i", "queueId", "the queue", required=True, kind=integer),
        CHARSET,
        EXPRESSION,
        Option("b", "beginTimestamp", f"stored then or later: {TIMES}"),
        Option("e", "endTimestamp", f"stored before: {TIMES}"),
        Option("p", "print msg", "print them", kind=boolean),
        Option("d", "printBody", "the body, too", kind=boolean),
        Option("f", "calculate", "count their tags", kind=boolean),
    ),
]
