"""Transactional messages."""

from twistedmq.app.pipeline import Step
from twistedmq.app.serving import SMALL_STOP_S, nothing_to_do
from twistedmq.app.stores import table_file, wall_ms
from twistedmq.app.wiring.capability import Capability, RunningPart
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.inner.diversion import Diversion
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.send.admission import MAX_PROPERTIES_BYTES
from twistedmq.broker.transactions.copies import HalfCopies
from twistedmq.broker.transactions.counts_keeper import CountsKeeper
from twistedmq.broker.transactions.ending import Endings
from twistedmq.broker.transactions.halves import HalfDiversion
from twistedmq.broker.transactions.handlers import TransactionHandlers
from twistedmq.broker.transactions.marks import EndMarks
from twistedmq.config.store import StoreConfig
from twistedmq.config.transactions import TransactionConfig
from twistedmq.protocol.addresses import pack
from twistedmq.protocol.record_crc import SEAL_BYTES
from twistedmq.store.json_file import AtomicJsonFile


def half_diversion(around: Surroundings, tables: Tables) -> Diversion:
    """Make what puts halves where they wait."""
    live = around.settings.live
    limit = MAX_PROPERTIES_BYTES
    if live(StoreConfig).value.seals_records:
        limit -= SEAL_BYTES + 1
    return HalfDiversion(
        live(TransactionConfig), around.host, limit, tables.transactions.began
    )


def transactions(
    around: Surroundings, tables: Tables, inner: InnerWriter
) -> Capability:
    """Join what ends transactions."""
    config, counts = around.settings.live(TransactionConfig), tables.transactions
    copies = HalfCopies()
    marks = EndMarks(
        around.reactor, inner, config, wall_ms, pack(around.host, around.port)
    )
    handlers = TransactionHandlers(
        store=around.store,
        endings=Endings(
            inner=inner,
            marks=marks,
            copies=copies,
            counts=counts,
            config=config,
            wall_ms=wall_ms,
        ),
        inner=inner,
        counts=counts,
        clock=around.reactor,
    )
    keeper = CountsKeeper(around.reactor, counts, _counts_file(around), config)
    keeper.load()
    return Capability(
        handlers=[handlers.table()],
        batches=[handlers.batch_table()],
        services=[
            RunningPart("transaction counts", keeper, SMALL_STOP_S),
            RunningPart("ends of transactions", marks, SMALL_STOP_S),
            RunningPart(
                "open transactions", Step(nothing_to_do, handlers.close), SMALL_STOP_S
            ),
        ],
    )


def _counts_file(around: Surroundings) -> AtomicJsonFile:
    path = around.context.directory / "config" / "transactionMetrics"
    return table_file(around.store, around.context.files, path, around.workers)
