"""The parts of an Admin for asyncio; tests/support/admin_faces.py writes it."""

from twistedmq.admin.brokers import Brokers as CoreBrokers
from twistedmq.admin.client import Admin as CoreAdmin
from twistedmq.admin.clients import Clients as CoreClients
from twistedmq.admin.cluster import Cluster as CoreCluster
from twistedmq.admin.cold_reads import ColdReads as CoreColdReads
from twistedmq.admin.dead_letters import DeadLetters as CoreDeadLetters
from twistedmq.admin.group_configs import GroupConfigs as CoreGroupConfigs
from twistedmq.admin.groups import Groups as CoreGroups
from twistedmq.admin.locks import Locks as CoreLocks
from twistedmq.admin.messages import Messages as CoreMessages
from twistedmq.admin.monitoring import Monitor as CoreMonitor
from twistedmq.admin.moves import Moves as CoreMoves
from twistedmq.admin.namesrv import NameServerTables as CoreNameServerTables
from twistedmq.admin.offsets import Offsets as CoreOffsets
from twistedmq.admin.queues import Queues as CoreQueues
from twistedmq.admin.resending import Resending as CoreResending
from twistedmq.admin.resets import Resets as CoreResets
from twistedmq.admin.rocksdb import RocksDB as CoreRocksDB
from twistedmq.admin.roll_call import RollCall as CoreRollCall
from twistedmq.admin.samples import Samples as CoreSamples
from twistedmq.admin.schedules import Schedules as CoreSchedules
from twistedmq.admin.statistics import Statistics as CoreStatistics
from twistedmq.admin.stories import Stories as CoreStories
from twistedmq.admin.timers import Timers as CoreTimers
from twistedmq.admin.topics import Topics as CoreTopics
from twistedmq.admin.traces import Traces as CoreTraces
from twistedmq.admin.tracks import Tracks as CoreTracks
from twistedmq.admin.transactions import Transactions as CoreTransactions
from twistedmq.aio.face import LoopBound, gives_future, passed_on


class Brokers(LoopBound):
    """See ``twistedmq.admin.brokers.Brokers``."""

    runtime = gives_future(CoreBrokers.runtime)
    config = gives_future(CoreBrokers.config)
    update_config = gives_future(CoreBrokers.update_config)
    topics = gives_future(CoreBrokers.topics)
    system_topics = gives_future(CoreBrokers.system_topics)
    replication = gives_future(CoreBrokers.replication)
    set_master_flushed = gives_future(CoreBrokers.set_master_flushed)
    delete_expired_files = gives_future(CoreBrokers.delete_expired_files)
    clean_expired_queues = gives_future(CoreBrokers.clean_expired_queues)
    clean_unused_topics = gives_future(CoreBrokers.clean_unused_topics)
    set_read_ahead = gives_future(CoreBrokers.set_read_ahead)
    use_timer_engine = gives_future(CoreBrokers.use_timer_engine)
    export_pop_records = gives_future(CoreBrokers.export_pop_records)


class Clients(LoopBound):
    """See ``twistedmq.admin.clients.Clients``."""

    consumers = gives_future(CoreClients.consumers)
    subscription = gives_future(CoreClients.subscription)
    topics = gives_future(CoreClients.topics)
    producers = gives_future(CoreClients.producers)
    all_producers = gives_future(CoreClients.all_producers)
    running_info = gives_future(CoreClients.running_info)
    offsets = gives_future(CoreClients.offsets)
    consume = gives_future(CoreClients.consume)


class Cluster(LoopBound):
    """See ``twistedmq.admin.cluster.Cluster``."""

    info = gives_future(CoreCluster.info)
    brokers = gives_future(CoreCluster.brokers)
    masters = gives_future(CoreCluster.masters)
    name_of = gives_future(CoreCluster.name_of)


class ColdReads(LoopBound):
    """See ``twistedmq.admin.cold_reads.ColdReads``."""

    text = gives_future(CoreColdReads.text)
    state = gives_future(CoreColdReads.state)
    limit = gives_future(CoreColdReads.limit)
    unlimit = gives_future(CoreColdReads.unlimit)


class DeadLetters(LoopBound):
    """See ``twistedmq.admin.dead_letters.DeadLetters``."""

    queues = gives_future(CoreDeadLetters.queues)
    read = passed_on(CoreDeadLetters.read)
    check_replay = gives_future(CoreDeadLetters.check_replay)
    replay = gives_future(CoreDeadLetters.replay)
    note_replayed = gives_future(CoreDeadLetters.note_replayed)


class GroupConfigs(LoopBound):
    """See ``twistedmq.admin.group_configs.GroupConfigs``."""

    put = gives_future(CoreGroupConfigs.put)
    get = gives_future(CoreGroupConfigs.get)
    delete = gives_future(CoreGroupConfigs.delete)
    put_at = gives_future(CoreGroupConfigs.put_at)
    get_at = gives_future(CoreGroupConfigs.get_at)
    all_at = gives_future(CoreGroupConfigs.all_at)
    delete_at = gives_future(CoreGroupConfigs.delete_at)
    forbid_at = gives_future(CoreGroupConfigs.forbid_at)
    set_mode_at = gives_future(CoreGroupConfigs.set_mode_at)
    modes_at = gives_future(CoreGroupConfigs.modes_at)


class Groups(LoopBound):
    """See ``twistedmq.admin.groups.Groups``."""

    names = gives_future(CoreGroups.names)
    state = gives_future(CoreGroups.state)


class Locks(LoopBound):
    """See ``twistedmq.admin.locks.Locks``."""

    held = gives_future(CoreLocks.held)
    queues = gives_future(CoreLocks.queues)
    give_up = gives_future(CoreLocks.give_up)


class Messages(LoopBound):
    """See ``twistedmq.admin.messages.Messages``."""

    by_id = gives_future(CoreMessages.by_id)
    at_offset = gives_future(CoreMessages.at_offset)
    by_unique_id = gives_future(CoreMessages.by_unique_id)
    by_key = gives_future(CoreMessages.by_key)
    at = gives_future(CoreMessages.at)
    read = gives_future(CoreMessages.read)
    queues = gives_future(CoreMessages.queues)
    bounds = gives_future(CoreMessages.bounds)
    at_time = gives_future(CoreMessages.at_time)


class Monitor(LoopBound):
    """See ``twistedmq.admin.monitoring.Monitor``."""

    run = gives_future(CoreMonitor.run)
    round = gives_future(CoreMonitor.round)


class Moves(LoopBound):
    """See ``twistedmq.admin.moves.Moves``."""

    plan = gives_future(CoreMoves.plan)
    back = gives_future(CoreMoves.back)
    make = gives_future(CoreMoves.make)


class NameServerTables(LoopBound):
    """See ``twistedmq.admin.namesrv.NameServerTables``."""

    configs = gives_future(CoreNameServerTables.configs)
    update_config = gives_future(CoreNameServerTables.update_config)
    wipe_write_perm = gives_future(CoreNameServerTables.wipe_write_perm)
    add_write_perm = gives_future(CoreNameServerTables.add_write_perm)
    value = gives_future(CoreNameServerTables.value)
    put = gives_future(CoreNameServerTables.put)
    remove = gives_future(CoreNameServerTables.remove)
    put_order = gives_future(CoreNameServerTables.put_order)


class Offsets(LoopBound):
    """See ``twistedmq.admin.offsets.Offsets``."""

    progress = gives_future(CoreOffsets.progress)
    all_at = gives_future(CoreOffsets.all_at)
    committed_at = gives_future(CoreOffsets.committed_at)
    oldest_at_ms = gives_future(CoreOffsets.oldest_at_ms)
    time_spans = gives_future(CoreOffsets.time_spans)
    commit = gives_future(CoreOffsets.commit)
    copy = gives_future(CoreOffsets.copy)
    clone = gives_future(CoreOffsets.clone)


class Queues(LoopBound):
    """See ``twistedmq.admin.queues.Queues``."""

    entries = gives_future(CoreQueues.entries)


class Resending(LoopBound):
    """See ``twistedmq.admin.resending.Resending``."""

    send = gives_future(CoreResending.send)


class Resets(LoopBound):
    """See ``twistedmq.admin.resets.Resets``."""

    by_time = gives_future(CoreResets.by_time)
    rewrite = gives_future(CoreResets.rewrite)
    queue = gives_future(CoreResets.queue)
    found_at = gives_future(CoreResets.found_at)


class RocksDB(LoopBound):
    """See ``twistedmq.admin.rocksdb.RocksDB``."""

    check_queues = gives_future(CoreRocksDB.check_queues)
    export_tables = gives_future(CoreRocksDB.export_tables)


class RollCall(LoopBound):
    """See ``twistedmq.admin.roll_call.RollCall``."""

    everybody = gives_future(CoreRollCall.everybody)


class Samples(LoopBound):
    """See ``twistedmq.admin.samples.Samples``."""

    take = gives_future(CoreSamples.take)


class Schedules(LoopBound):
    """See ``twistedmq.admin.schedules.Schedules``."""

    levels = gives_future(CoreSchedules.levels)
    timed = gives_future(CoreSchedules.timed)


class Statistics(LoopBound):
    """See ``twistedmq.admin.statistics.Statistics``."""

    view = gives_future(CoreStatistics.view)
    flows = gives_future(CoreStatistics.flows)


class Stories(LoopBound):
    """See ``twistedmq.admin.stories.Stories``."""

    of = gives_future(CoreStories.of)


class Timers(LoopBound):
    """See ``twistedmq.admin.timers.Timers``."""

    waiting = gives_future(CoreTimers.waiting)
    progress = gives_future(CoreTimers.progress)
    delay_levels = gives_future(CoreTimers.delay_levels)


class Topics(LoopBound):
    """See ``twistedmq.admin.topics.Topics``."""

    names = gives_future(CoreTopics.names)
    routes = gives_future(CoreTopics.routes)
    route = gives_future(CoreTopics.route)
    config = gives_future(CoreTopics.config)
    consumers = gives_future(CoreTopics.consumers)
    put = gives_future(CoreTopics.put)
    create = gives_future(CoreTopics.create)
    put_all = gives_future(CoreTopics.put_all)
    delete = gives_future(CoreTopics.delete)
    stats = gives_future(CoreTopics.stats)
    message_count = gives_future(CoreTopics.message_count)


class Traces(LoopBound):
    """See ``twistedmq.admin.traces.Traces``."""

    of = gives_future(CoreTraces.of)


class Tracks(LoopBound):
    """See ``twistedmq.admin.tracks.Tracks``."""

    groups = gives_future(CoreTracks.groups)
    of = gives_future(CoreTracks.of)


class Transactions(LoopBound):
    """See ``twistedmq.admin.transactions.Transactions``."""

    open = gives_future(CoreTransactions.open)
    resume = gives_future(CoreTransactions.resume)


class AdminParts:
    """What an Admin has: its attributes."""

    def __init__(self, core: CoreAdmin) -> None:
        self.cluster = Cluster(core.cluster)
        self.brokers = Brokers(core.brokers)
        self.namesrv = NameServerTables(core.namesrv)
        self.topics = Topics(core.topics)
        self.queues = Queues(core.queues)
        self.cold_reads = ColdReads(core.cold_reads)
        self.rocksdb = RocksDB(core.rocksdb)
        self.statistics = Statistics(core.statistics)
        self.groups = Groups(core.groups)
        self.group_configs = GroupConfigs(core.group_configs)
        self.clients = Clients(core.clients)
        self.roll_call = RollCall(core.roll_call)
        self.offsets = Offsets(core.offsets)
        self.resets = Resets(core.resets)
        self.moves = Moves(core.moves)
        self.messages = Messages(core.messages)
        self.tracks = Tracks(core.tracks)
        self.traces = Traces(core.traces)
        self.stories = Stories(core.stories)
        self.dead_letters = DeadLetters(core.dead_letters)
        self.resending = Resending(core.resending)
        self.transactions = Transactions(core.transactions)
        self.timers = Timers(core.timers)
        self.schedules = Schedules(core.schedules)
        self.locks = Locks(core.locks)
        self.samples = Samples(core.samples)
        self.monitor = Monitor(core.monitor)
