"""The verbs about producers that are connected."""

from typing import Any

from twistedmq.admin.client import Admin
from twistedmq.app.mqadmin.consumers import connection_value
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.verbs import Option, Verb
from twistedmq.protocol.versions import version_name


async def producer(admin: Admin, options: Any, output: Output) -> None:
    """Show all producers that a broker knows."""
    groups = await admin.clients.all_producers(options.broker)
    for group in sorted(groups):
        if not groups[group]:
            output.line("producer group (%s) instances are empty", group)
        for each in groups[group]:
            output.line(
                "producer group (%s) instance : clientId=%s,remoteIP=%s, language=%s, "
                "version=%d, lastUpdateTimestamp=%d",
                group,
                each.client_id,
                each.remote_ip,
                each.language,
                each.version,
                each.last_update_timestamp,
            )
    output.result(
        {
            group: [
                {
                    "client_id": each.client_id,
                    "address": each.remote_ip.removeprefix("/"),
                    "language": each.language,
                    "version": version_name(each.version),
                    "heard_of_at_ms": each.last_update_timestamp,
                }
                for each in members
            ]
            for group, members in sorted(groups.items())
        }
    )


async def producer_connection(admin: Admin, options: Any, output: Output) -> None:
    """Show the members of a producer group."""
    found = await admin.clients.producers(options.producer_group, options.topic)
    for number, each in enumerate(found.connection_set, 1):
        output.line(
            "%04d  %-32s %-22s %-8s %s",
            number,
            each.client_id,
            each.client_addr,
            each.language,
            version_name(each.version),
        )
    output.result([connection_value(each) for each in found.connection_set])


VERBS = [
    Verb(
        "producer",
        "shows the producers that a broker knows",
        producer,
        Option("b", "broker", "the broker, HOST:PORT", required=True),
    ),
    Verb(
        "producerConnection",
        "shows the members of a producer group",
        producer_connection,
        Option("g", "producerGroup", "the group", required=True),
        Option("t", "topic", "a topic that it sends to", required=True),
    ),
]
