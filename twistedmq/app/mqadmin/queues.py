"""The verb that shows raw queue entries."""

from typing import Any

from twistedmq.admin.client import Admin
from twistedmq.app.mqadmin.fastjson import pretty
from twistedmq.app.mqadmin.output import Output, java
from twistedmq.app.mqadmin.verbs import Option, Verb, integer
from twistedmq.client.errors import BrokerNotFoundError
from twistedmq.client.routing import MASTER_ID
from twistedmq.protocol.bodies.entries import ConsumeQueueData
from twistedmq.protocol.bodies.queues import MessageQueue

COUNT = 10
LINE = "=" * 38


async def query_cq(admin: Admin, options: Any, output: Output) -> None:
    """Show queue entries, and whether a group would get them."""
    address = options.broker or await _first_master(admin, options.topic)
    queue = MessageQueue(options.topic, "", options.queue)
    count = COUNT if options.count is None else options.count
    found = await admin.queues.entries(
        address, queue, options.index, count, options.consumer
    )
    wanted = found.subscription_data
    if wanted is not None:
        output.line("Subscription data: \n%s", pretty(wanted))
        output.line(LINE)
    if found.filter_data is not None:
        output.line("Filter data: \n%s", found.filter_data)
        output.line(LINE)
    ends = (found.max_queue_index, found.min_queue_index)
    output.line("Queue data: \nmax: %d, min: %d", *ends)
    output.line(LINE)
    for index, entry in enumerate(found.queue_data, options.index):
        output.line("idx: %d", index)
        output.line(_described(entry))
        output.line(LINE)
    output.result(
        {
            "topic": options.topic,
            "queue_id": options.queue,
            "min_offset": found.min_queue_index,
            "max_offset": found.max_queue_index,
            "subscription": wanted and wanted.sub_string,
            "filter": found.filter_data,
            "entries": [
                {
                    "offset": offset,
                    "physical_offset": entry.physic_offset,
                    "size_bytes": entry.physic_size,
                    "tags_code": entry.tags_code,
                    "passes": entry.eval,
                }
                for offset, entry in enumerate(found.queue_data, options.index)
            ],
        }
    )


async def _first_master(admin: Admin, topic: str) -> str:
    route = await admin.topics.route(topic)
    for broker in route.broker_datas:
        if MASTER_ID in broker.broker_addrs:
            return broker.broker_addrs[MASTER_ID]
    raise BrokerNotFoundError(f"with {topic}")


def _described(entry: ConsumeQueueData) -> str:
    """Write an entry as the genuine tool does."""
    return (
        f"ConsumeQueueData{{physicOffset={entry.physic_offset}, "
        f"physicSize={entry.physic_size}, tagsCode={entry.tags_code}, "
        f"extendDataJson='{java(entry.extend_data_json)}', "
        f"bitMap='{java(entry.bit_map)}', eval={java(entry.eval)}, "
        f"msg='{java(entry.msg)}'}}"
    )


VERBS = [
    Verb(
        "queryCq",
        "shows raw queue entries, and whether a group would get them",
        query_cq,
        Option("t", "topic", "the topic", required=True),
        Option("q", "queue", "the number of the queue", required=True, kind=integer),
        Option("i", "index", "the first entry", required=True, kind=integer),
        Option("c", "count", "how many entries, 10 if not said", kind=integer),
        Option("b", "broker", "ask this broker, HOST:PORT"),
        Option("g", "consumer", "the group whose subscription is tried"),
    ),
]
