"""Messages lent for a while."""

from collections.abc import Callable

from twistedmq.app.stores import table_file
from twistedmq.app.wiring.capability import Capability, RunningPart
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.notification.handlers import NotificationHandlers
from twistedmq.broker.notification.poppable import Poppable
from twistedmq.broker.pop.ack_book import AckBook
from twistedmq.broker.pop.acked_queues import AckedQueues
from twistedmq.broker.pop.acking import Acking
from twistedmq.broker.pop.acks import AckHandlers
from twistedmq.broker.pop.catching_up import PopCatchUp
from twistedmq.broker.pop.checkpoints import ReviveMessages, SlotFor
from twistedmq.broker.pop.checks import PopChecks
from twistedmq.broker.pop.handlers import PopHandlers
from twistedmq.broker.pop.held import HeldPops
from twistedmq.broker.pop.invisible import InvisibleTimeHandlers
from twistedmq.broker.pop.lending import Lending
from twistedmq.broker.pop.order import OrderTable
from twistedmq.broker.pop.order_file import OrderFile
from twistedmq.broker.pop.order_wakes import OrderWakes
from twistedmq.broker.pop.peeking import PeekHandlers
from twistedmq.broker.pop.positions import Positions
from twistedmq.broker.pop.priorities import Priorities
from twistedmq.broker.pop.reader import PopReader
from twistedmq.broker.pop.retry_topics import RetryTopics
from twistedmq.broker.pop.revive_log import ReviveLog
from twistedmq.broker.pop.revive_service import ReviveService
from twistedmq.broker.pop.reviving import Reviving
from twistedmq.broker.statistics.pop_figures import PopFigures
from twistedmq.broker.timer.backlog import TimerBacklog
from twistedmq.config.broker import BrokerIdentity, OffsetConfig, TopicDefaults
from twistedmq.config.metrics import MetricsConfig
from twistedmq.config.pop import PopConfig
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol.addresses import pack
from twistedmq.protocol.names import REVIVE_TOPIC_PREFIX, TIMER_TOPIC

STOP_S = 10.0


def pops(
    around: Surroundings,
    tables: Tables,
    held: HeldPops,
    notices: HeldPops,
    inner: InnerWriter,
    timers: TimerBacklog,
    slot_for: SlotFor,
) -> Capability:
    """Join what lends messages, takes acks, and brings back the others.

    *notices* are those who wait to be told that there is something to pop; *slot_for*
    says where checkpoints and acks wait.
    """

    def freed(topic: str, group: str, queue_id: int) -> None:
        held.freed(topic, group, queue_id)
        notices.freed(topic, group, queue_id)

    live = around.settings.live
    config, identity = live(PopConfig), live(BrokerIdentity)
    store, topics, groups = around.store, tables.topics, tables.groups
    offsets, packed_host = tables.offsets, pack(around.host, around.port)
    queue_count = live(TopicDefaults).value.revive_queue_count
    messages = ReviveMessages(
        REVIVE_TOPIC_PREFIX + identity.value.cluster_name,
        packed_host,
        around.wall_ms,
        slot_for,
    )
    book = AckBook(lambda: config.value.max_tracked)
    in_flight = tables.popped
    orders = OrderTable(around.wall_ms)
    order_file = OrderFile(
        around.reactor,
        table_file(
            store,
            around.context.files,
            around.context.directory / "config" / "consumerOrderInfo.json",
            around.workers,
        ),
        orders,
        lambda: orders.clean(
            lambda topic: getattr(topics.get(topic), "read_queue_nums", 0),
            lambda group: groups.peek(group) is not None,
        ),
        live(OffsetConfig),
    )
    order_file.load()
    order_wakes = OrderWakes(
        around.wheel,
        orders,
        around.wall_ms,
        freed,
        lambda: config.value.notify_after_order,
    )
    positions = Positions(
        offsets, store, lambda: config.value.init_by_young_queue, orders.clear
    )
    log = ReviveLog(around.reactor, inner)
    checks = PopChecks(topics, groups, identity, live(TimerConfig), around.host)
    pop = PopHandlers(
        checks=checks,
        asked=tables.asked,
        priorities=Priorities(topics, groups),
        reader=PopReader(
            store=store,
            topics=topics,
            positions=positions,
            orders=orders,
            in_flight=in_flight,
            counters=tables.counters,
            config=config,
            random=around.random,
            wall_ms=around.wall_ms,
        ),
        lending=Lending(
            log=log,
            messages=messages,
            book=book,
            positions=positions,
            in_flight=in_flight,
            order_wakes=order_wakes,
            identity=identity,
            config=config,
            revive_queue_count=queue_count,
        ),
        held=held,
        wall_ms=around.wall_ms,
        seconds=around.seconds,
    )
    acking = Acking(
        log=log,
        messages=messages,
        book=book,
        in_flight=in_flight,
        orders=orders,
        order_wakes=order_wakes,
        offsets=offsets,
        wake=freed,
        revive_queue_count=queue_count,
    )
    queues = AckedQueues(topics, store)
    acks = AckHandlers(queues, acking)
    invisible = InvisibleTimeHandlers(
        queues=queues,
        offsets=offsets,
        log=log,
        messages=messages,
        book=book,
        acking=acking,
        orders=orders,
        order_wakes=order_wakes,
        wall_ms=around.wall_ms,
    )
    peek = PeekHandlers(
        checks=checks,
        store=store,
        topics=topics,
        positions=positions,
        counters=tables.counters,
        config=config,
        random=around.random,
    )
    retry_topics = RetryTopics(topics, groups, offsets, config)
    revive = ReviveService(
        clock=around.reactor,
        store=store,
        offsets=offsets,
        reviving=Reviving(
            store=store,
            inner=inner,
            messages=messages,
            book=book,
            in_flight=in_flight,
            retry_topics=retry_topics,
            config=config,
            host=packed_host,
            wall_ms=around.wall_ms,
        ),
        topic=messages.topic,
        queue_count=queue_count,
        config=config,
        delivered_ms=lambda: _delivered_ms(timers, around.wall_ms),
    )
    figures = PopFigures(
        revive, store, messages.topic, live(MetricsConfig), around.wall_ms
    )
    notify = NotificationHandlers(
        checks=checks,
        poppable=Poppable(store, topics, positions, orders, config),
        held=notices,
        pops=held,
        wall_ms=around.wall_ms,
    )
    catch_up = PopCatchUp(
        clock=around.reactor,
        store=store,
        offsets=offsets,
        places=[
            (TIMER_TOPIC, 0),
            *((messages.topic, queue_id) for queue_id in range(queue_count)),
        ],
        since_ms=tables.offset_keeper.as_of_ms,
        is_wanted=retry_topics.are_wanted,
    )
    return Capability(
        [
            pop.table(),
            acks.table(),
            invisible.table(),
            peek.table(),
            notify.table(),
        ],
        [
            RunningPart("popped before a crash", catch_up, STOP_S),
            RunningPart("ordered pops", order_file, STOP_S),
            RunningPart("reviving", revive, STOP_S),
        ],
        batches=[acks.batch_table()],
        metrics=[figures.samples],
    )


def _delivered_ms(timers: TimerBacklog, wall_ms: Callable[[], int]) -> int:
    """Give the time before which all is delivered that was waiting for a time."""
    if not timers.place_behind_messages:
        return timers.read_ms
    late_ms = timers.place_behind_ms
    return min(timers.read_ms, wall_ms() - late_ms) if late_ms else 0
