"""Which brokers a verb is about: one (-b), or those of a cluster (-c)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from twistedmq.admin.client import Admin
from twistedmq.admin.cluster import BrokerPlace
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.verbs import Option
from twistedmq.protocol.errors import InvalidParameterError, TwistedMQError

T = TypeVar("T")

BROKER = Option("b", "brokerAddr", "this broker, HOST:PORT")
CLUSTER = Option("c", "clusterName", "the brokers of this cluster")


def must_be_given(options: Any) -> None:
    """Raise InvalidParameterError where neither a broker nor a cluster is named."""
    if options.broker_addr is None and options.cluster_name is None:
        raise InvalidParameterError("one of -b/--brokerAddr and -c is needed")


async def masters_asked(admin: Admin, options: Any) -> list[str]:
    """Give the address of the broker, or of all masters of the cluster.

    Raises: InvalidParameterError, NotThereError.
    """
    must_be_given(options)
    if options.broker_addr is not None:
        return [options.broker_addr]
    return list((await admin.cluster.masters(options.cluster_name)).values())


async def brokers_asked(admin: Admin, options: Any) -> dict[str, str]:
    """Give the headline of the broker, or of all of the cluster, by address.

    Raises: InvalidParameterError, NotThereError.
    """
    must_be_given(options)
    if options.broker_addr is not None:
        return {options.broker_addr: f"============{options.broker_addr}============"}
    brokers = await admin.cluster.brokers(options.cluster_name)
    masters = {b.name: b.address for b in brokers if b.broker_id == 0}
    return {b.address: _headline(b, masters.get(b.name)) for b in brokers}


async def on_each(
    addresses: Sequence[str], call: Callable[[str], Awaitable[T]], output: Output
) -> dict[str, T]:
    """Make *call* for one broker after the other; gives what came of it, by address.

    The error of one of several is told, and the others are done all the same. That of
    a single one is raised.
    """
    done: dict[str, T] = {}
    for address in addresses:
        try:
            done[address] = await call(address)
        except TwistedMQError as error:
            if len(addresses) == 1:
                raise
            output.problem(error, address)
    return done


def _headline(broker: BrokerPlace, master: str | None) -> str:
    if broker.broker_id == 0:
        return f"============Master: {broker.address}============"
    of = master or "NO_MASTER"
    return f"============My Master: {of}=====Slave: {broker.address}============"
