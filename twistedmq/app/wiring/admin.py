"""What operators ask for: topics, groups, settings, cleaning."""

from functools import partial

from twistedmq.app.wiring.capability import Capability
from twistedmq.app.wiring.delay import Figures
from twistedmq.app.wiring.settled import Settled
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.admin import engines, unserved
from twistedmq.broker.admin.cleaning import CleaningHandlers
from twistedmq.broker.admin.handlers import AdminHandlers
from twistedmq.broker.admin.replication import ReplicationHandlers
from twistedmq.broker.groups.handlers import GroupHandlers
from twistedmq.broker.statistics.fall_behind import FallBehind
from twistedmq.broker.statistics.handlers import StatsHandlers
from twistedmq.broker.timer.backlog import TimerBacklog
from twistedmq.broker.topics.handlers import TopicHandlers
from twistedmq.broker.topics.reserved import reserved_hours
from twistedmq.config.broker import BrokerAdmin, SendConfig, TopicDefaults
from twistedmq.store.interfaces import IQueueKinds
from twistedmq.store.retention_interfaces import IRetention


def admin(
    around: Surroundings,
    tables: Tables,
    settled: Settled,
    timers: TimerBacklog,
    delay_figures: Figures,
) -> Capability:
    """Join what operators ask for."""
    live = around.settings.live
    store, offsets = around.store, tables.offsets
    topics = TopicHandlers(
        tables.topics,
        live(TopicDefaults),
        settled,
        forget=(store.delete_topic, offsets.remove_topic, tables.counters.forget_topic),
        groups_of=offsets.groups_of,
        has_batch_queues=IQueueKinds.providedBy(store),
    )
    groups = GroupHandlers(
        tables.groups,
        live(TopicDefaults),
        tables.group_file.saved,
        forget_offsets=(offsets.remove_group,),
        forget=tables.counters.forget_group,
    )
    around.settings.found |= {
        "brokerIP1": around.host,
        "brokerIP2": around.host,
        "haListenPort": f"{around.port + 1}",
        "storePathCommitLog": f"{around.context.directory / 'commitlog'}",
    }
    admin = AdminHandlers(
        store=store,
        topics=tables.topics,
        counters=tables.counters,
        settings=around.settings,
        admin=around.settings.live(BrokerAdmin),
        sending=around.settings.live(SendConfig),
        timer_figures=lambda: {**timers.runtime_figures(), **delay_figures()},
        wall_ms=around.wall_ms,
        days=tables.days,
    )
    stats = StatsHandlers(tables.counters, FallBehind(store, offsets, around.wall_ms))
    cleaning = CleaningHandlers(store, tables.topics)
    if (retention := IRetention(store, None)) is not None:
        retention.reserve(partial(reserved_hours, tables.topics))
    return Capability(
        [
            topics.table(),
            groups.table(),
            admin.table(),
            stats.table(),
            cleaning.table(),
            ReplicationHandlers(store).table(),
            engines.table(),
            unserved.table(),
        ]
    )
