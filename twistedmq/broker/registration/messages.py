"""What a broker says to a name server; pure.

Source: BrokerOuterAPI, BrokerController.
"""

from collections.abc import Iterable
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from twistedmq.config.broker import ALL_PERMISSIONS, BrokerIdentity, RegistrationConfig
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    DataVersion,
    QueueData,
    RegisterBrokerBody,
    TopicConfig,
    TopicConfigAndMappingSerializeWrapper,
    TopicRouteData,
)
from twistedmq.protocol.bodies.register import encode_register_body
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers import (
    BrokerHeartbeatRequestHeader,
    QueryDataVersionRequestHeader,
    RegisterBrokerRequestHeader,
    RegisterTopicRequestHeader,
    UnRegisterBrokerRequestHeader,
)
from twistedmq.protocol.headers.base import Header

_CRC_MASK = 0x7FFFFFFF


class Message(Struct, frozen=True):
    """One request to a name server."""

    code: int
    header: Header
    body: bytes = b""


class Announcements:
    """Words every message of one broker in the same terms.

    Args:
        identity: names and permission of the broker.
        address: where clients find it, as text.
        ha_address: where its slaves find it.
    """

    def __init__(self, identity: BrokerIdentity, address: str, ha_address: str) -> None:
        self._identity = identity
        self._address = address
        self._ha_address = ha_address

    def register(
        self,
        topics: Iterable[TopicConfig],
        version: DataVersion,
        config: RegistrationConfig,
    ) -> Message:
        """Announce the broker with *topics*."""
        table = {topic.topic_name: self._as_announced(topic) for topic in topics}
        body = RegisterBrokerBody(
            topic_config_serialize_wrapper=TopicConfigAndMappingSerializeWrapper(
                data_version=version,
                mapping_data_version=DataVersion(timestamp=version.timestamp),
                topic_config_table=table,
            )
        )
        raw = encode_register_body(body, compressed=config.compressed)
        header = RegisterBrokerRequestHeader(
            broker_name=self._identity.broker_name,
            broker_addr=self._address,
            cluster_name=self._identity.cluster_name,
            ha_server_addr=self._ha_address,
            broker_id=self._identity.broker_id,
            heartbeat_timeout_millis=(
                config.inactive_after_ms if config.light_heartbeat else None
            ),
            enable_acting_master=config.light_heartbeat,
            compressed=config.compressed,
            body_crc32=crc32(raw) & _CRC_MASK,
        )
        return Message(RequestCode.REGISTER_BROKER, header, raw)

    def register_topic(self, topic: TopicConfig) -> Message:
        """Announce one topic by itself."""
        announced = self._as_announced(topic)
        queues = QueueData(
            broker_name=self._identity.broker_name,
            perm=announced.perm,
            read_queue_nums=announced.read_queue_nums,
            write_queue_nums=announced.write_queue_nums,
            topic_sys_flag=announced.topic_sys_flag,
        )
        return Message(
            RequestCode.REGISTER_TOPIC_IN_NAMESRV,
            RegisterTopicRequestHeader(topic=topic.topic_name),
            loose_json.encode(TopicRouteData(queue_datas=[queues])),
        )

    def query_version(self, version: DataVersion) -> Message:
        """Ask whether a name server knows *version*; a sign of life as well."""
        header = QueryDataVersionRequestHeader(
            broker_name=self._identity.broker_name,
            broker_addr=self._address,
            cluster_name=self._identity.cluster_name,
            broker_id=self._identity.broker_id,
        )
        body = loose_json.encode(version)
        return Message(RequestCode.QUERY_DATA_VERSION, header, body)

    def heartbeat(self) -> Message:
        """Give a sign of life."""
        header = BrokerHeartbeatRequestHeader(
            cluster_name=self._identity.cluster_name,
            broker_addr=self._address,
            broker_name=self._identity.broker_name,
        )
        return Message(RequestCode.BROKER_HEARTBEAT, header)

    def unregister(self) -> Message:
        """Say good-bye."""
        header = UnRegisterBrokerRequestHeader(
            broker_name=self._identity.broker_name,
            broker_addr=self._address,
            cluster_name=self._identity.cluster_name,
            broker_id=self._identity.broker_id,
        )
        return Message(RequestCode.UNREGISTER_BROKER, header)

    def _as_announced(self, topic: TopicConfig) -> TopicConfig:
        """Take off the permissions that the broker as a whole has not."""
        permission = self._identity.permission
        if permission & ALL_PERMISSIONS == ALL_PERMISSIONS:
            return topic
        return replace(topic, perm=topic.perm & permission)
