"""The parts of an Admin for asyncio; tests/support/admin_faces.py writes it."""

from twistedmq.admin.brokers import Brokers as CoreBrokers
from twistedmq.admin.client import Admin as CoreAdmin
from twistedmq.admin.clients import Clients as CoreClients
from twistedmq.admin.cluster import Cluster as CoreCluster
from twistedmq.admin.group_configs import GroupConfigs as CoreGroupConfigs
from twistedmq.admin.groups import Groups as CoreGroups
from twistedmq.admin.messages import Messages as CoreMessages
from twistedmq.admin.namesrv import NameServerTables as CoreNameServerTables
from twistedmq.admin.offsets import Offsets as CoreOffsets
from twistedmq.admin.topics import Topics as CoreTopics
from twistedmq.admin.traces import Traces as CoreTraces
from twistedmq.admin.tracks import Tracks as CoreTracks
from twistedmq.admin.transactions import Transactions as CoreTransactions
from twistedmq.aio.face import LoopBound, gives_future


class Brokers(LoopBound):
    """See ``twistedmq.admin.brokers.Brokers``."""

    runtime = gives_future(CoreBrokers.runtime)


class Clients(LoopBound):
    """See ``twistedmq.admin.clients.Clients``."""

    consumers = gives_future(CoreClients.consumers)
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


class Groups(LoopBound):
    """See ``twistedmq.admin.groups.Groups``."""

    names = gives_future(CoreGroups.names)
    state = gives_future(CoreGroups.state)


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
    address_of = gives_future(CoreMessages.address_of)


class NameServerTables(LoopBound):
    """See ``twistedmq.admin.namesrv.NameServerTables``."""

    value = gives_future(CoreNameServerTables.value)
    put = gives_future(CoreNameServerTables.put)
    remove = gives_future(CoreNameServerTables.remove)
    put_order = gives_future(CoreNameServerTables.put_order)


class Offsets(LoopBound):
    """See ``twistedmq.admin.offsets.Offsets``."""

    progress = gives_future(CoreOffsets.progress)
    time_spans = gives_future(CoreOffsets.time_spans)
    commit = gives_future(CoreOffsets.commit)
    copy = gives_future(CoreOffsets.copy)
    clone = gives_future(CoreOffsets.clone)
    reset = gives_future(CoreOffsets.reset)
    rewrite = gives_future(CoreOffsets.rewrite)
    reset_queue = gives_future(CoreOffsets.reset_queue)
    at_time = gives_future(CoreOffsets.at_time)


class Topics(LoopBound):
    """See ``twistedmq.admin.topics.Topics``."""

    names = gives_future(CoreTopics.names)
    routes = gives_future(CoreTopics.routes)
    route = gives_future(CoreTopics.route)
    consumers = gives_future(CoreTopics.consumers)
    put = gives_future(CoreTopics.put)
    create = gives_future(CoreTopics.create)
    delete = gives_future(CoreTopics.delete)
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

    resume = gives_future(CoreTransactions.resume)


class AdminParts:
    """What an Admin has: its attributes."""

    def __init__(self, core: CoreAdmin) -> None:
        self.cluster = Cluster(core.cluster)
        self.brokers = Brokers(core.brokers)
        self.namesrv = NameServerTables(core.namesrv)
        self.topics = Topics(core.topics)
        self.groups = Groups(core.groups)
        self.group_configs = GroupConfigs(core.group_configs)
        self.clients = Clients(core.clients)
        self.offsets = Offsets(core.offsets)
        self.messages = Messages(core.messages)
        self.tracks = Tracks(core.tracks)
        self.traces = Traces(core.traces)
        self.transactions = Transactions(core.transactions)
