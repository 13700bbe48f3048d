"""Genuine keys that are known and checked, and on which nothing depends yet.

One key a line: its name, its type and its default, which may hold blanks or be missing.
A line that begins with # says why the keys below it, up to the next such line, have no
effect.
"""

import os
from functools import partial
from typing import Any, Final

from twistedmq.config.keys import Effect, Key
from twistedmq.config.values import BOOLEAN, DOUBLE, INT, LONG, TEXT, Kind, name_of

_KINDS: Final[dict[str, Kind[Any]]] = {
    "String": TEXT,
    "boolean": BOOLEAN,
    "int": INT,
    "long": LONG,
    "double": DOUBLE,
    "MetricsExporterType": name_of("DISABLE", "OTLP_GRPC", "PROM", "LOG"),
    "TieredStorageLevel": name_of("DISABLE", "NOT_IN_DISK", "NOT_IN_MEM", "FORCE"),
}


def processors() -> int:
    """Count the processors that this process may use, as a JVM does."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _derived_defaults() -> dict[str, str]:
    """Defaults that upstream computes from the number of processors."""
    cpus = processors()
    return {
        "cpus": str(cpus),
        "min(cpus,4)": str(min(cpus, 4)),
        "min(32,cpus)": str(min(32, cpus)),
        "8+cpus": str(8 + cpus),
        "8+2*cpus": str(8 + 2 * cpus),
        "16+2*cpus": str(16 + 2 * cpus),
    }


def accepted_keys(table: str) -> tuple[Key, ...]:
    """Make the keys of one of the tables below."""
    derived = _derived_defaults()
    accepted = partial(Key, effect=Effect.ACCEPTED)
    keys = []
    reason = ""
    for line in table.splitlines():
        if line.startswith("#"):
            reason = line.removeprefix("#").strip()
            continue
        name, kind_name, default = f"{line}  ".split(" ", 2)
        kind, text = _KINDS[kind_name], default.strip()
        if not text and kind is not TEXT:
            raise ValueError(f"{name} has no default")
        value = kind.parse(derived.get(text, text))
        shown = text if text in derived else None
        keys.append(
            accepted(name, kind, default=value, shown_default=shown, reason=reason)
        )
    return tuple(keys)


NAMESRV_TABLE: Final = """\
# one thread serves all requests: there are no pools of threads with queues
clientRequestThreadPoolNums int 8
clientRequestThreadPoolQueueCapacity int 50000
defaultThreadPoolNums int 16
defaultThreadPoolQueueCapacity int 10000
serverCallbackExecutorThreads int 0
serverNettyWorkerGroupEnable boolean true
serverSelectorThreads int 3
serverWorkerThreads int 8
unRegisterBrokerQueueCapacity int 3000
# the network is Twisted's, and these are settings of Netty
enableShutdownGracefully boolean false
serverAsyncSemaphoreValue int 64
serverOnewaySemaphoreValue int 256
serverPooledByteBufAllocatorEnable boolean true
serverSocketRcvBufSize int 0
serverSocketSndBufSize int 0
shutdownWaitTimeSeconds int 30
useEpollNativeSelector boolean false
writeBufferHighWaterMark int 0
writeBufferLowWaterMark int 0
"""
