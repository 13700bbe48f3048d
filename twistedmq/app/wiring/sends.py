"""Sends, and messages that come back from consumers."""

import os

from twistedmq.app.wiring.capability import Capability
from twistedmq.app.wiring.delay import levels_of
from twistedmq.app.wiring.settled import Settled
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.inner.diversion import Diversions
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.send.admission import Admission
from twistedmq.broker.send.handlers import SendHandlers
from twistedmq.broker.send.send_back import SendBackHandlers
from twistedmq.config.broker import BrokerIdentity, SendConfig
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.addresses import pack
from twistedmq.protocol.message_id import UniqueIdFactory


def sends(
    around: Surroundings, tables: Tables, diverted: Diversions, settled: Settled
) -> SendHandlers:
    """Join what stores the messages of producers."""
    live = around.settings.live
    packed_host = pack(around.host, around.port)
    admission = Admission(
        tables.topics,
        tables.groups,
        tables.locks,
        live(BrokerIdentity),
        live(SendConfig),
        live(StoreConfig),
        around.wall_ms,
        around.random,
        diverted,
    )
    ids = UniqueIdFactory(packed_host, os.getpid(), around.random, around.wall_ms)
    return SendHandlers(
        admission=admission,
        store=around.store,
        identity=live(BrokerIdentity),
        packed_host=packed_host,
        new_unique_id=ids.next,
        counters=tables.counters,
        clock=around.reactor,
        config=live(SendConfig),
        settled=settled,
    )


def send_back(around: Surroundings, tables: Tables, inner: InnerWriter) -> Capability:
    """Join what takes back the messages that could not be consumed."""
    back = SendBackHandlers(
        topics=tables.topics,
        groups=tables.groups,
        store=around.store,
        inner=inner,
        identity=around.settings.live(BrokerIdentity),
        levels=levels_of(around),
        counters=tables.counters,
        random=around.random,
    )
    return Capability([back.table()])
