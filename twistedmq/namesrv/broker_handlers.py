"""What brokers tell: registrations, heartbeats, single topics, their end."""

import zlib
from collections.abc import Callable
from functools import partial

from twisted.logger import Logger

from twistedmq.config.live import Live
from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.namesrv.kv import ORDER_NAMESPACE, KeyValues
from twistedmq.namesrv.liveness import Liveness
from twistedmq.namesrv.readiness import Readiness
from twistedmq.namesrv.registrations import BrokerKey, MinIdChange, Registration
from twistedmq.namesrv.routes import RouteTable
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    BrokerMemberGroup,
    DataVersion,
    GetBrokerMemberGroupResponseBody,
    TopicConfigSerializeWrapper,
    TopicRouteData,
)
from twistedmq.protocol.bodies.register import decode_register_body
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Buffer, Reply
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.headers.namesrv import (
    BrokerHeartbeatRequestHeader,
    GetBrokerMemberGroupRequestHeader,
    QueryDataVersionRequestHeader,
    QueryDataVersionResponseHeader,
    RegisterBrokerRequestHeader,
    RegisterBrokerResponseHeader,
    RegisterTopicRequestHeader,
    UnRegisterBrokerRequestHeader,
)
from twistedmq.remoting.interfaces import Handler, Request

ZONE_FIELD = "__ZONE_NAME"
"""Extra field of a registration and of a route request: the zone of who sends it."""

FIRST_VERSION_WITH_BODY = 37
"""Older brokers tell their topics without what is round them."""

MEMBER_GROUP_REMARK = "not set any response code"
"""Goes with a good answer, as upstream's does."""

Notify = Callable[[str, int, Header], None]
"""Sends a request that wants no answer to an address."""


class BrokerHandlers:
    """Serves brokers."""

    _log = Logger()

    def __init__(
        self,
        routes: RouteTable,
        liveness: Liveness,
        values: KeyValues,
        config: Live[NamesrvConfig],
        readiness: Readiness,
        notify: Notify,
    ) -> None:
        self._routes = routes
        self._liveness = liveness
        self._values = values
        self._config = config
        self._readiness = readiness
        self._notify = notify
        liveness.on_gone(self._gone)

    def table(self) -> dict[int, Handler]:
        """Give the handlers by code."""
        return {
            RequestCode.REGISTER_BROKER: self.register,
            RequestCode.UNREGISTER_BROKER: self.unregister,
            RequestCode.QUERY_DATA_VERSION: self.query_data_version,
            RequestCode.BROKER_HEARTBEAT: self.heartbeat,
            RequestCode.REGISTER_TOPIC_IN_NAMESRV: self.register_topic,
            RequestCode.GET_BROKER_MEMBER_GROUP: self.member_group,
        }

    def register(self, request: Request) -> Reply:
        """Take a broker's table of topics, or a single one of them."""
        header: RegisterBrokerRequestHeader = request.header
        body = request.command.body
        if header.body_crc32 and header.body_crc32 != _crc(body):
            return Reply(ResponseCode.SYSTEM_ERROR, remark="crc32 not match")
        new = _registration(request, header, body)
        registered = self._routes.register(new)
        if not registered.accepted:
            self._liveness.forget(new.key)
            self._log.warn(
                "broker {name} {id} at {address} is older than who is registered",
                name=new.broker_name,
                id=new.broker_id,
                address=new.address,
            )
        else:
            self._note(new, request, header.heartbeat_timeout_millis)
            self._tell(registered.min_id_change, new.broker_name)
        answer = RegisterBrokerResponseHeader(
            ha_server_addr=registered.ha_address, master_addr=registered.master_address
        )
        order = None
        if self._config.value.order_config_to_brokers:
            order = self._values.namespace(ORDER_NAMESPACE)
        return Reply(header=answer, body=order or b"")

    def _note(self, new: Registration, request: Request, limit_ms: int | None) -> None:
        if self._liveness.registered(new.key, request.connection, limit_ms):
            self._log.info(
                "broker {name} {id} at {address} is registered",
                name=new.broker_name,
                id=new.broker_id,
                address=new.address,
            )

    def unregister(self, request: Request) -> Reply:
        """Forget a broker that shuts down."""
        header: UnRegisterBrokerRequestHeader = request.header
        key = BrokerKey(header.cluster_name, header.broker_addr)
        self._liveness.forget(key)
        self._forget(key, header.broker_name, "it said so")
        return Reply()

    def _gone(self, key: BrokerKey, how: str) -> None:
        """Forget a broker whose connection is lost, or that is silent.

        Not while stopping: then all connections end, and it tells nothing.
        """
        if self._readiness.is_serving:
            self._forget(key, self._routes.name_of(key) or "", how)

    def _forget(self, key: BrokerKey, name: str, how: str) -> None:
        self._log.info(
            "broker {name} at {address} is gone: {how}",
            name=name,
            address=key.address,
            how=how,
        )
        change = self._routes.unregister(key, name)
        broker = self._routes.brokers.get(name)
        if broker is not None and broker.enable_acting_master:
            self._tell(change, name)

    def _tell(self, change: MinIdChange | None, name: str) -> None:
        if change is None or not self._config.value.notify_min_broker_id:
            return
        self._log.info("the smallest id of {name} is another", name=name)
        for address in change.to_tell():
            code = RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE
            self._notify(address, code, change.header())

    def query_data_version(self, request: Request) -> Reply:
        """Say whether a registration would tell anything new; a sign of life, too."""
        header: QueryDataVersionRequestHeader = request.header
        key = BrokerKey(header.cluster_name, header.broker_addr)
        theirs = DataVersion()
        if request.command.body:
            theirs = loose_json.decode(request.command.body, type=DataVersion)
        ours = self._routes.data_version(key)
        self._liveness.heard(key)
        return Reply(
            header=QueryDataVersionResponseHeader(changed=ours != theirs),
            body=b"" if ours is None else loose_json.encode(ours),
        )

    def heartbeat(self, request: Request) -> Reply:
        """Note a sign of life."""
        header: BrokerHeartbeatRequestHeader = request.header
        self._liveness.heard(BrokerKey(header.cluster_name, header.broker_addr))
        return Reply()

    def register_topic(self, request: Request) -> Reply:
        """Add the queues of one topic."""
        header: RegisterTopicRequestHeader = request.header
        if request.command.body:
            route = loose_json.decode(request.command.body, type=TopicRouteData)
            if not self._routes.register_topic(header.topic, route.queue_datas):
                self._log.warn(
                    "topic {topic} names brokers that are not known", topic=header.topic
                )
        return Reply()

    def member_group(self, request: Request) -> Reply:
        """Give the brokers of one name."""
        header: GetBrokerMemberGroupRequestHeader = request.header
        broker = self._routes.brokers.get(header.broker_name)
        group = BrokerMemberGroup(
            broker_addrs=broker.broker_addrs if broker else {},
            broker_name=header.broker_name,
            cluster=header.cluster_name,
        )
        body = GetBrokerMemberGroupResponseBody(broker_member_group=group)
        return Reply(remark=MEMBER_GROUP_REMARK, body=loose_json.encode(body))


def _crc(body: Buffer) -> int:
    return zlib.crc32(body) & 0x7FFFFFFF


def _registration(
    request: Request, header: RegisterBrokerRequestHeader, body: Buffer
) -> Registration:
    make = partial(
        Registration,
        cluster=header.cluster_name,
        broker_name=header.broker_name,
        broker_id=header.broker_id,
        address=header.broker_addr,
        ha_address=header.ha_server_addr,
        zone=request.command.fields.get(ZONE_FIELD),
        acting_master=header.enable_acting_master,
    )
    if body and request.command.version < FIRST_VERSION_WITH_BODY:
        bare = loose_json.decode(body, type=TopicConfigSerializeWrapper)
        return make(data_version=bare.data_version, topics=bare.topic_config_table)
    told = decode_register_body(body, header.compressed, request.command.version)
    wrapper = told.topic_config_serialize_wrapper
    return make(
        data_version=wrapper.data_version,
        topics=wrapper.topic_config_table,
        mappings=wrapper.topic_queue_mapping_info_map,
        filter_servers=told.filter_server_list,
    )
