"""The verbs that find stored messages."""

from typing import Any, Final

from msgspec import to_builtins

from twistedmq.admin.client import Admin
from twistedmq.admin.clients import is_pushed
from twistedmq.app.mqadmin.java_text import known_charset, message_value
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.send_results import resent_text, sent_value
from twistedmq.app.mqadmin.showing import show
from twistedmq.app.mqadmin.verbs import Option, Verb, boolean, integer
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.numbers import INT64_MAX

HOUR_MS: Final = 3_600_000
MOST: Final = 64
BY_KEY: Final = "K"
ROW: Final = "%-50s %4s %40s %-200s"


async def query_by_id(admin: Admin, options: Any, output: Output) -> None:
    """Show messages; or have them consumed once more, or send them once more."""
    ids = [each.strip() for each in options.msg_id.split(",") if each.strip()]
    charset = known_charset(options.body_format)
    for message_id in ids:
        if options.consumer_group and options.client_id:
            await _consume(admin, options, message_id, output)
            continue
        stored = await admin.messages.by_id(
            options.topic, message_id, cluster=options.cluster
        )
        if options.send_message is None:
            await show(admin, stored, output, charset=charset)
        elif options.send_message:
            output.text("prepare resend msg. originalMsgId=%s", message_id)
            resent = await admin.resending.send(stored)
            output.text("%s", resent_text(resent))
            output.result(sent_value(resent))


async def _consume(admin: Admin, options: Any, message_id: str, output: Output) -> None:
    """Have one consumer consume a message now."""
    client_id, group = options.client_id, options.consumer_group
    info = await admin.clients.running_info(group, client_id)
    if not is_pushed(info):
        output.line(
            "this %s client is not push consumer ,not support direct push ", client_id
        )
        return
    stored = await admin.messages.by_id(
        options.topic, message_id, cluster=options.cluster
    )
    result = await admin.clients.consume(group, client_id, stored.message)
    output.text(
        "ConsumeMessageDirectlyResult [order=%s, autoCommit=%s, consumeResult=%s, "
        "remark=%s, spentTimeMills=%s]",
        *(result.order, result.auto_commit, result.consume_result),
        *(result.remark, result.spent_time_mills),
    )
    output.result(to_builtins(result))


async def query_by_unique_key(admin: Admin, options: Any, output: Output) -> None:
    """Show the messages to which a client gave an id, or have one consumed."""
    if options.consumer_group and options.client_id:
        await _consume(admin, options, options.msg_id, output)
        return
    found = await admin.messages.by_unique_id(
        options.topic,
        options.msg_id,
        since_ms=options.start_time or 0,
        until_ms=INT64_MAX if options.end_time is None else options.end_time,
        cluster=options.cluster,
    )
    for number, stored in enumerate(found if options.show_all else found[:1]):
        await show(admin, stored, output, with_id=False, number=number)


async def query_by_key(admin: Admin, options: Any, output: Output) -> None:
    """List the messages that have a key."""
    kind = options.key_type or BY_KEY
    topic, key = options.topic, options.msg_key
    found = await admin.messages.by_key(
        topic,
        key,
        limit=MOST if options.max_num is None else options.max_num,
        since_ms=options.begin_timestamp or 0,
        until_ms=INT64_MAX if options.end_timestamp is None else options.end_timestamp,
        cluster=options.cluster,
        index_type=kind,
        last_key=options.last_key,
    )
    output.line(ROW, "#Message ID", "#QID", "#Offset", "#IndexKey")
    for stored in found:
        record, message_id = stored.record, stored.message.message_id
        hour_ms = record.store_ms // HOUR_MS * HOUR_MS
        place = f"{hour_ms}@{topic}@{kind}@{key}@{message_id}@{record.physical_offset}"
        output.line(ROW, message_id, record.queue_id, record.queue_offset, place)
    output.result([message_value(stored) for stored in found])


async def query_by_offset(admin: Admin, options: Any, output: Output) -> None:
    """Show the message at an offset of a queue; nothing where there is none."""
    charset = known_charset(options.body_format)
    queue = MessageQueue(options.topic, options.broker_name, options.queue_id)
    found = await admin.messages.read(queue, options.offset, limit=1)
    for stored in found.found:
        await show(admin, stored, output, more=found.bounds, charset=charset)


TOPIC = Option("t", "topic", "its topic", required=True)
CLUSTER = Option("c", "cluster", "only in this cluster")
FORMAT = Option("f", "bodyFormat", "show the body, in this character set")
SINCE = Option("b", "beginTimestamp", "stored then or later, in ms", kind=integer)
UNTIL = Option("e", "endTimestamp", "and not later, in ms", kind=integer)
GROUP = Option("g", "consumerGroup", "have a member of this group consume it")
CLIENT = Option("d", "clientId", "which member")

VERBS = [
    Verb(
        "queryMsgById",
        "shows a message, has it consumed or sends it once more",
        query_by_id,
        TOPIC,
        Option("i", "msgId", "one of its ids; several with commas", required=True),
        GROUP,
        CLIENT,
        Option("s", "sendMessage", "send it once more", kind=boolean),
        Option("u", "unitName", "has no effect"),
        FORMAT,
        CLUSTER,
    ),
    Verb(
        "queryMsgByKey",
        "lists the messages that have a key",
        query_by_key,
        TOPIC,
        Option("k", "msgKey", "the key", required=True),
        SINCE,
        UNTIL,
        Option("m", "maxNum", "as many at most, 64 if not said", kind=integer),
        CLUSTER,
        Option("p", "keyType", "K: it is a key; T: it is a tag"),
        Option("l", "lastKey", "the #IndexKey to go on behind"),
    ),
    Verb(
        "queryMsgByOffset",
        "shows the message at an offset of a queue",
        query_by_offset,
        TOPIC,
        Option("b", "brokerName", "the name of the broker", required=True),
        Option("i", "queueId", "the queue", required=True, kind=integer),
        Option("o", "offset", "its offset there", required=True, kind=integer),
        FORMAT,
    ),
    Verb(
        "queryMsgByUniqueKey",
        "shows the messages to which a client gave an id",
        query_by_unique_key,
        Option("i", "msgId", "the id", required=True),
        GROUP,
        CLIENT,
        TOPIC,
        Option("a", "showAll", "all of them, not the oldest only", kind=None),
        CLUSTER,
        Option("s", "startTime", "stored then or later, in ms", kind=integer),
        Option("e", "endTime", "and not later, in ms", kind=integer),
    ),
]
