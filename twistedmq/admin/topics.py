"""Topics: which there are, making and deleting them."""

from collections.abc import Iterable, Mapping, Sequence

from twisted.internet.defer import gatherResults

from twistedmq.admin.asking import Silent, answers_of
from twistedmq.admin.cluster import Cluster, must_succeed
from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.client.nameservers import NameServers
from twistedmq.client.routing import Routes, TopicRoute
from twistedmq.protocol import loose_json, names
from twistedmq.protocol.bodies.groups import GroupList
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.routes import BrokerData, TopicRouteData
from twistedmq.protocol.bodies.topics import (
    CreateTopicListRequestBody,
    TopicConfig,
    TopicConfigAndQueueMapping,
    TopicList,
    TopicStatsTable,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.headers.namesrv import (
    DeleteTopicFromNamesrvRequestHeader,
    GetRouteInfoRequestHeader,
)
from twistedmq.protocol.headers.topics import (
    CreateTopicListRequestHeader,
    CreateTopicRequestHeader,
    DeleteTopicRequestHeader,
    GetTopicConfigRequestHeader,
    GetTopicStatsInfoRequestHeader,
    QueryTopicConsumeByWhoRequestHeader,
)
from twistedmq.protocol.system_flags import PERM_READ, PERM_WRITE, is_valid_perm


class Topics:
    """The topics of one cluster. Calls fail with NoNameServerError, RefusedError or an
    error of the remoting room.
    """

    def __init__(
        self,
        nameservers: NameServers,
        routes: Routes,
        calls: BrokerCalls,
        cluster: Cluster,
    ) -> None:
        self._nameservers = nameservers
        self._cluster = cluster
        self._routes = routes
        self._calls = calls

    @gives_deferred
    async def names(self, *, system: bool = False) -> list[str]:
        """Give the names of all topics, sorted.

        Those of the system, and the retry and dead-letter topics of groups, are left
        out unless *system* is true.
        """
        answer = await self._ask(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)
        everything = loose_json.decode(answer.body, type=TopicList).topic_list
        if system:
            return sorted(everything)
        cluster = await self._cluster.info()
        # every broker has topics that are called as itself and as its cluster
        own = {*cluster.broker_addr_table, *cluster.cluster_addr_table}
        own |= {names.reply_topic(each) for each in cluster.cluster_addr_table}
        return sorted(
            name for name in everything if name not in own and not is_systems(name)
        )

    @gives_deferred
    async def routes(self, topics: Iterable[str]) -> list[TopicRoute]:
        """Give where the queues of *topics* are; fails with RouteNotFoundError."""
        asked = [self._routes.get(topic) for topic in topics]
        return await unwrapped(gatherResults(asked, consumeErrors=True))

    @gives_deferred
    async def route(self, topic: str) -> TopicRouteData:
        """Give the route of *topic* as a name server tells it.

        Fails with RouteNotFoundError where it has none.
        """
        header = GetRouteInfoRequestHeader(topic=topic)
        answer = await self._nameservers.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, header)
        if answer.code == ResponseCode.TOPIC_NOT_EXIST:
            raise RouteNotFoundError(topic)
        return loose_json.decode(must_succeed(answer).body, type=TopicRouteData)

    @gives_deferred
    async def config(self, address: str, topic: str) -> TopicConfig:
        """Give all that one broker knows of *topic*.

        Fails with RefusedError where it has none (code TOPIC_NOT_EXIST).
        """
        header = GetTopicConfigRequestHeader(topic=topic)
        answer = await self._calls.ask(address, RequestCode.GET_TOPIC_CONFIG, header)
        return loose_json.decode(answer.body, type=TopicConfigAndQueueMapping)

    @gives_deferred
    async def consumers(self, topic: str) -> list[str]:
        """Give the groups that have offsets for *topic*, or are subscribed to it.

        Asks one broker, as the genuine tool does: whoever consumes a topic consumes it
        from all its brokers. Fails with RouteNotFoundError.
        """
        route = await self.route(topic)
        addresses = [a for b in route.broker_datas for a in masters_first(b)]
        if not addresses:
            return []
        header = QueryTopicConsumeByWhoRequestHeader(topic=topic)
        code = RequestCode.QUERY_TOPIC_CONSUME_BY_WHO
        answer = await self._calls.ask(addresses[0], code, header)
        return sorted(loose_json.decode(answer.body, type=GroupList).group_list)

    @gives_deferred
    async def put(
        self, address: str, config: TopicConfig, *, attributes: str | None = None
    ) -> None:
        """Make a topic on one broker, or change it to what *config* says.

        Args:
            address: the broker, a master.
            config: all about the topic, but its attributes.
            attributes: changes, ``+message.type=FIFO,-queue.type``; None: none.

        Raises:
            MessageIllegalError: the name is not allowed.
            InvalidParameterError: the permission is none.
        """
        header = _creation(config, attributes)
        await self._calls.ask(address, RequestCode.UPDATE_AND_CREATE_TOPIC, header)

    @gives_deferred
    async def create(
        self,
        topic: str,
        *,
        queues: int = 8,
        perm: int = PERM_READ | PERM_WRITE,
        cluster: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        """Make *topic* on all masters of *cluster* (of all clusters), or change it.

        Args:
            topic: its name.
            queues: how many there are for reading and for writing.
            perm: what is allowed: PERM_READ, PERM_WRITE.
            cluster: only in this cluster.
            attributes: what else is set: ``{"message.type": "FIFO"}``,
                ``{"queue.type": "BatchCQ"}``. Those not named stay as they are.

        Raises:
            MessageIllegalError: the name is not allowed.
            InvalidParameterError: *queues* or *perm* is not allowed, or there is no
                such cluster.
        """
        if queues < 1:
            raise InvalidParameterError(f"queues is {queues}, at least 1 is needed")
        config = TopicConfig(
            topic_name=topic,
            read_queue_nums=queues,
            write_queue_nums=queues,
            perm=perm,
        )
        header = _creation(config, _changes(attributes or {}))
        await self._ask_masters(RequestCode.UPDATE_AND_CREATE_TOPIC, header, cluster)

    @gives_deferred
    async def put_all(self, address: str, configs: Sequence[TopicConfig]) -> None:
        """Make several topics on one broker, or change them, in one request.

        Their attributes are changes, as in ``{"+message.type": "FIFO"}``.

        Raises:
            MessageIllegalError: a name is not allowed.
            InvalidParameterError: a permission is none.
        """
        for config in configs:
            _check(config)
        body = CreateTopicListRequestBody(topic_config_list=list(configs))
        await self._calls.ask(
            address,
            RequestCode.UPDATE_AND_CREATE_TOPIC_LIST,
            CreateTopicListRequestHeader(),
            loose_json.encode(body),
        )

    @gives_deferred
    async def delete(self, topic: str, *, cluster: str | None = None) -> None:
        """Delete *topic*, with its messages, from all masters and all name servers.

        Args:
            topic: its name.
            cluster: only in this cluster.

        Raises:
            NotThereError: there is no such cluster.
        """
        names.check_topic(topic)
        header = DeleteTopicRequestHeader(topic=topic)
        await self._ask_masters(RequestCode.DELETE_TOPIC_IN_BROKER, header, cluster)
        for_names = DeleteTopicFromNamesrvRequestHeader(
            topic=topic, cluster_name=cluster
        )
        code = RequestCode.DELETE_TOPIC_IN_NAMESRV
        for answer in await self._nameservers.ask_all(code, for_names):
            must_succeed(answer, "a name server")

    @gives_deferred
    async def stats(
        self, topic: str, route: TopicRouteData | None = None
    ) -> TopicStatsTable:
        """Give the ends of all queues of *topic*, and messages stored a second.

        Args:
            topic: its name.
            route: brokers to ask; None: those that have the topic.

        Fails with RouteNotFoundError.
        """
        whole = TopicStatsTable(offset_table={})
        header = GetTopicStatsInfoRequestHeader(topic=topic)
        for broker in (route or await self.route(topic)).broker_datas:
            for address in masters_first(broker)[:1]:
                code = RequestCode.GET_TOPIC_STATS_INFO
                answer = await self._calls.ask(address, code, header)
                table = loose_json.decode(answer.body, type=TopicStatsTable)
                whole.offset_table.update(table.offset_table)
                whole.topic_put_tps += table.topic_put_tps
        return whole

    @gives_deferred
    async def message_count(
        self, route: TopicRoute, *, silent: Silent | None = None
    ) -> int:
        """Give how many messages all queues of a topic hold.

        *silent* gets the brokers that do not answer, whose queues do not count then;
        without it that is an error.
        """
        by_broker: dict[str, list[MessageQueue]] = {}
        for queue in route.subscribable:
            by_broker.setdefault(queue.broker_name, []).append(queue)
        asked = {name: self._count(queues) for name, queues in by_broker.items()}
        return sum((await answers_of(asked, silent)).values())

    @gives_deferred
    async def _count(self, queues: Sequence[MessageQueue]) -> int:
        """Count the messages of some queues of one broker."""
        address = self._routes.address(queues[0].broker_name)
        ends = [self._calls.max_offset(address, queue) for queue in queues]
        starts = [self._calls.min_offset(address, queue) for queue in queues]
        asked = gatherResults([*ends, *starts], consumeErrors=True)
        offsets: list[int] = await unwrapped(asked)
        return sum(offsets[: len(ends)]) - sum(offsets[len(ends) :])

    async def _ask(self, code: int, header: Header | None = None) -> Command:
        return must_succeed(await self._nameservers.ask(code, header))

    async def _ask_masters(
        self, code: int, header: Header, cluster: str | None
    ) -> None:
        for address in (await self._cluster.masters(cluster)).values():
            await self._calls.ask(address, code, header)


def masters_first(broker: BrokerData) -> list[str]:
    """Give the addresses of a broker set, the master's in front if there is one."""
    return [address for _, address in sorted(broker.broker_addrs.items())]


def _creation(config: TopicConfig, attributes: str | None) -> CreateTopicRequestHeader:
    """Check *config* and make a request of it."""
    _check(config)
    return CreateTopicRequestHeader(
        topic=config.topic_name,
        default_topic=names.AUTO_CREATE_TOPIC,
        read_queue_nums=config.read_queue_nums,
        write_queue_nums=config.write_queue_nums,
        perm=config.perm,
        topic_filter_type=config.topic_filter_type,
        topic_sys_flag=config.topic_sys_flag,
        order=config.order,
        attributes=attributes,
    )


def _check(config: TopicConfig) -> None:
    names.check_topic(config.topic_name)
    if not is_valid_perm(config.perm):
        raise InvalidParameterError(f"perm is {config.perm}, which is no permission")


def _changes(attributes: Mapping[str, str]) -> str | None:
    """Write attributes as changes that set them.

    Raises: InvalidParameterError.
    """
    for key, value in attributes.items():
        if not key or not value or not {*"+-,="}.isdisjoint(key + value):
            raise InvalidParameterError(
                f"attribute {key!r}={value!r}: neither part may be empty or hold one "
                "of + - , ="
            )
    return ",".join(f"+{k}={v}" for k, v in attributes.items()) or None


def is_systems(name: str) -> bool:
    """Whether a topic is the system's, or made for a group by it."""
    return (
        names.is_system_topic(name)
        or names.is_retry_topic(name)
        or names.is_dlq_topic(name)
    )
