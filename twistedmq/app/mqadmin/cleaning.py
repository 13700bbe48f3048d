"""The verbs that have brokers delete what is not needed any more."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from twistedmq.admin.client import Admin
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.targets import on_each
from twistedmq.app.mqadmin.verbs import NAMESRV, Option, Run, Verb


def _on_each(call: Callable[[Admin, str], Deferred[None]]) -> Run:
    """Give a verb that does *call* on a broker, on those of a cluster, or on all."""

    async def run(admin: Admin, options: Any, output: Output) -> None:
        addresses = [options.broker_addr]
        if options.broker_addr is None:
            brokers = await admin.cluster.brokers(options.cluster or None)
            addresses = [broker.address for broker in brokers]
        done = await on_each(addresses, lambda address: call(admin, address), output)
        if len(done) == len(addresses):
            output.text("success")
        output.result({"brokers": list(done)})

    return run


BROKER = Option("b", "brokerAddr", "on this broker, HOST:PORT")
CLUSTER = Option("c", "cluster", "on the brokers of this cluster; default: on all")

VERBS = [
    Verb(
        "cleanExpiredCQ",
        "deletes parts of queues whose messages are gone",
        _on_each(lambda admin, address: admin.brokers.clean_expired_queues(address)),
        BROKER,
        CLUSTER,
    ),
    Verb(
        "cleanUnusedTopic",
        "deletes the queues of topics that are not there any more",
        _on_each(lambda admin, address: admin.brokers.clean_unused_topics(address)),
        BROKER,
        CLUSTER,
    ),
    Verb(
        "deleteExpiredCommitLog",
        "deletes log files whose time is over now, not at the set hour",
        _on_each(lambda admin, address: admin.brokers.delete_expired_files(address)),
        NAMESRV,
        BROKER,
        CLUSTER,
    ),
]
