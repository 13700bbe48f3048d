"""What clients and tools ask: routes, clusters, lists of topics."""

from collections.abc import Callable, Iterable

from twistedmq.config.live import Live
from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.namesrv.broker_handlers import ZONE_FIELD
from twistedmq.namesrv.kv import ORDER_NAMESPACE, KeyValues
from twistedmq.namesrv.pickup import in_zone, pick_route
from twistedmq.namesrv.readiness import Readiness
from twistedmq.namesrv.routes import RouteTable
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import ClusterInfo, TopicList
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers.namesrv import (
    AddWritePermOfBrokerRequestHeader,
    AddWritePermOfBrokerResponseHeader,
    DeleteTopicFromNamesrvRequestHeader,
    GetRouteInfoRequestHeader,
    GetTopicsByClusterRequestHeader,
    WipeWritePermOfBrokerRequestHeader,
    WipeWritePermOfBrokerResponseHeader,
)
from twistedmq.protocol.system_flags import TOPIC_UNIT, TOPIC_UNIT_SUB
from twistedmq.remoting.interfaces import Handler, Request

FIRST_STRICT_VERSION = 401
"""Clients from this version on are answered in strict JSON."""

ZONE_MODE_FIELD = "__ZONE_MODE"

NO_ROUTE = (
    "No topic route info in name server for the topic: {topic}\n"
    "See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
)


class ClientHandlers:
    """Serves clients and tools.

    Encoded routes are kept until anything changes that they are made of, since every
    client asks for the same ones again and again.
    """

    def __init__(
        self,
        routes: RouteTable,
        values: KeyValues,
        config: Live[NamesrvConfig],
        readiness: Readiness,
    ) -> None:
        self._routes = routes
        self._values = values
        self._config = config
        self._readiness = readiness
        self._encoded: dict[tuple[str, bool], bytes] = {}
        self._encoded_of: object = None

    def table(self) -> dict[int, Handler]:
        """Give the handlers by code."""
        return {
            RequestCode.GET_ROUTEINFO_BY_TOPIC: self.route,
            RequestCode.GET_BROKER_CLUSTER_INFO: self.cluster_info,
            RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER: self.all_topics,
            RequestCode.GET_TOPICS_BY_CLUSTER: self.topics_of_cluster,
            RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS: self.system_topics,
            RequestCode.GET_UNIT_TOPIC_LIST: self._by_flag(_is_unit),
            RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST: self._by_flag(_has_sub),
            RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST: self._by_flag(
                lambda flag: _has_sub(flag) and not _is_unit(flag)
            ),
            RequestCode.DELETE_TOPIC_IN_NAMESRV: self.delete_topic,
            RequestCode.WIPE_WRITE_PERM_OF_BROKER: self.wipe_write_permission,
            RequestCode.ADD_WRITE_PERM_OF_BROKER: self.add_write_permission,
        }

    def route(self, request: Request) -> Reply:
        """Say where a topic is found."""
        self._readiness.check()
        header: GetRouteInfoRequestHeader = request.header
        is_strict = (
            request.command.version >= FIRST_STRICT_VERSION
            or header.accept_standard_json_only is True
        )
        fields = request.command.fields
        zone = fields.get(ZONE_FIELD, "").strip()
        if zone and fields.get(ZONE_MODE_FIELD, "").lower() == "true":
            body = self._encode(header.topic, is_strict=False, zone=zone)
        else:
            body = self._kept(header.topic, is_strict=is_strict)
        if not body:
            remark = NO_ROUTE.format(topic=header.topic)
            return Reply(ResponseCode.TOPIC_NOT_EXIST, remark=remark)
        return Reply(body=body)

    def _kept(self, topic: str, *, is_strict: bool) -> bytes:
        state = (self._routes.revision, self._values.revision, self._config.value)
        if state != self._encoded_of:
            self._encoded.clear()
            self._encoded_of = state
        body = self._encoded.get((topic, is_strict), b"")
        if not body:
            body = self._encode(topic, is_strict=is_strict)
            if body:
                self._encoded[topic, is_strict] = body
        return body

    def _encode(self, topic: str, *, is_strict: bool, zone: str = "") -> bytes:
        config = self._config.value
        route = pick_route(self._routes, topic, acting_master=config.acting_master)
        if route is None:
            return b""
        if config.order_messages:
            route.order_topic_conf = self._values.get(ORDER_NAMESPACE, topic)
        if zone:
            route = in_zone(route, zone)
        encode = loose_json.encode_strict if is_strict else loose_json.encode
        return encode(route)

    def cluster_info(self, _: Request) -> Reply:
        """Give all brokers and all clusters."""
        clusters = {name: list(found) for name, found in self._routes.clusters.items()}
        info = ClusterInfo(
            broker_addr_table=self._routes.brokers, cluster_addr_table=clusters
        )
        return Reply(body=loose_json.encode(info))

    def all_topics(self, _: Request) -> Reply:
        """List every topic."""
        if not self._config.value.all_topic_list:
            return _disabled()
        return _topics(self._routes.queues)

    def topics_of_cluster(self, request: Request) -> Reply:
        """List the topics that have queues in one cluster."""
        if not self._config.value.topic_list:
            return _disabled()
        header: GetTopicsByClusterRequestHeader = request.header
        names = self._routes.clusters.get(header.cluster, {}).keys()
        return _topics(
            topic
            for topic, brokers in self._routes.queues.items()
            if not names.isdisjoint(brokers)
        )

    def system_topics(self, _: Request) -> Reply:
        """List the clusters' and brokers' names, which are topics too."""
        names: dict[str, None] = {}
        for cluster, brokers in self._routes.clusters.items():
            names |= {cluster: None, **brokers}
        addresses = (
            address
            for broker in self._routes.brokers.values()
            for address in broker.broker_addrs.values()
        )
        return _topics(names, next(addresses, None))

    def _by_flag(self, wanted: Callable[[int], bool]) -> Handler:
        """Make the handler that lists the topics whose flag is *wanted*."""

        def topics(_: Request) -> Reply:
            if not self._config.value.topic_list:
                return _disabled()
            return _topics(
                topic
                for topic, brokers in self._routes.queues.items()
                if wanted(next(iter(brokers.values())).topic_sys_flag)
            )

        return topics

    def delete_topic(self, request: Request) -> Reply:
        """Forget a topic, wholly or in one cluster."""
        header: DeleteTopicFromNamesrvRequestHeader = request.header
        self._routes.delete_topic(header.topic, header.cluster_name or None)
        return Reply()

    def wipe_write_permission(self, request: Request) -> Reply:
        """Have nobody send to a broker any more."""
        header: WipeWritePermOfBrokerRequestHeader = request.header
        count = self._routes.wipe_write_permission(header.broker_name)
        return Reply(header=WipeWritePermOfBrokerResponseHeader(wipe_topic_count=count))

    def add_write_permission(self, request: Request) -> Reply:
        """Let a broker be sent to again."""
        header: AddWritePermOfBrokerRequestHeader = request.header
        count = self._routes.add_write_permission(header.broker_name)
        return Reply(header=AddWritePermOfBrokerResponseHeader(add_topic_count=count))


def _is_unit(flag: int) -> bool:
    return bool(flag & TOPIC_UNIT)


def _has_sub(flag: int) -> bool:
    return bool(flag & TOPIC_UNIT_SUB)


def _disabled() -> Reply:
    return Reply(ResponseCode.SYSTEM_ERROR, remark="disable")


def _topics(names: Iterable[str], address: str | None = None) -> Reply:
    found = TopicList(topic_list=list(names), broker_addr=address)
    return Reply(body=loose_json.encode(found))
