"""Transactional messages."""

from functools import partial

from twistedmq.app.pipeline import Step
from twistedmq.app.serving import SMALL_STOP_S, nothing_to_do
from twistedmq.app.stores import table_file
from twistedmq.app.wiring.capability import Capability, RunningPart
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.inner.diversion import Diversion, Diversions
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.send.admission import MAX_PROPERTIES_BYTES
from twistedmq.broker.transactions.asking import ProducerAsker
from twistedmq.broker.transactions.check_back import CheckBack
from twistedmq.broker.transactions.checking import Rules
from twistedmq.broker.transactions.copies import HalfCopies
from twistedmq.broker.transactions.counts import TransactionCounts
from twistedmq.broker.transactions.counts_keeper import CountsKeeper
from twistedmq.broker.transactions.ending import Endings
from twistedmq.broker.transactions.figures import TransactionFigures
from twistedmq.broker.transactions.halves import HalfDiversion
from twistedmq.broker.transactions.handlers import TransactionHandlers
from twistedmq.broker.transactions.marks import EndMarks
from twistedmq.broker.transactions.progress import HalfProgress
from twistedmq.broker.transactions.putting_back import PuttingBack
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.metrics import MetricsConfig
from twistedmq.config.store import StoreConfig
from twistedmq.config.transactions import TransactionConfig
from twistedmq.protocol.addresses import pack
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.protocol.record_crc import SEAL_BYTES
from twistedmq.store.json_file import AtomicJsonFile

_HOUR_MS = 3_600_000


def half_diversion(
    around: Surroundings, tables: Tables, later: Diversions
) -> Diversion:
    """Make what puts halves where they wait; what is committed may go to *later*."""
    return HalfDiversion(
        around.settings.live(TransactionConfig),
        around.host,
        _properties_limit(around),
        tables.transactions.began,
        later,
    )


def transactions(
    around: Surroundings, tables: Tables, inner: InnerWriter
) -> Capability:
    """Join what ends transactions, and asks about those that nobody ends."""
    config, counts = around.settings.live(TransactionConfig), tables.transactions
    packed_host, copies = pack(around.host, around.port), HalfCopies()
    marks = EndMarks(around.reactor, inner, config, around.wall_ms, packed_host)
    handlers = TransactionHandlers(
        store=around.store,
        endings=Endings(
            inner=inner,
            marks=marks,
            copies=copies,
            counts=counts,
            config=config,
            wall_ms=around.wall_ms,
        ),
        inner=inner,
        counts=counts,
        clock=around.reactor,
    )
    shown = around.settings.live(MetricsConfig)
    asker = ProducerAsker(
        tables.clients.next_producer, around.settings.live(BrokerIdentity), packed_host
    )
    check_back = CheckBack(
        clock=around.reactor,
        wall_ms=around.wall_ms,
        store=around.store,
        progress=HalfProgress(around.store, tables.offsets),
        putting_back=PuttingBack(inner, tables.topics, copies, counts, asker),
        asker=asker,
        marks=marks,
        config=config,
        rules=partial(_rules, around),
    )
    keeper = CountsKeeper(around.reactor, counts, _counts_file(around), config)
    keeper.load()
    tables.topics.on_change(partial(_forget_deleted, counts))
    return Capability(
        handlers=[handlers.table()],
        batches=[handlers.batch_table()],
        services=[
            RunningPart("transaction counts", keeper, SMALL_STOP_S),
            RunningPart("ends of transactions", marks, SMALL_STOP_S),
            RunningPart("check-back", check_back, SMALL_STOP_S),
            RunningPart(
                "open transactions", Step(nothing_to_do, handlers.close), SMALL_STOP_S
            ),
        ],
        metrics=[TransactionFigures(counts, check_back, shown).samples],
    )


def _properties_limit(around: Surroundings) -> int:
    if around.settings.live(StoreConfig).value.seals_records:
        return MAX_PROPERTIES_BYTES - SEAL_BYTES - 1
    return MAX_PROPERTIES_BYTES


def _rules(around: Surroundings) -> Rules:
    """Give what holds for a round that begins now."""
    live = around.settings.live
    config, keeping = live(TransactionConfig).value, live(StoreConfig).value
    return Rules(
        timeout_ms=config.timeout_ms,
        most_checks=config.most_checks,
        keep_ms=keeping.reserved_hours * _HOUR_MS,
        properties_limit=_properties_limit(around),
    )


def _counts_file(around: Surroundings) -> AtomicJsonFile:
    path = around.context.directory / "config" / "transactionMetrics"
    return table_file(around.store, around.context.files, path, around.workers)


def _forget_deleted(
    counts: TransactionCounts, topic: str, config: TopicConfig | None
) -> None:
    if config is None:
        counts.forget(topic)
