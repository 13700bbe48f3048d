"""A whole name server on a virtual clock, with a disk that does what it is told."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.settings import LiveSettings
from twistedmq.config.tables import namesrv_keys
from twistedmq.namesrv.service import NameServerService
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    DataVersion,
    RegisterBrokerBody,
    TopicConfig,
    TopicConfigAndMappingSerializeWrapper,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.headers.namesrv import (
    GetRouteInfoRequestHeader,
    RegisterBrokerRequestHeader,
)
from twistedmq.testing.connections import FakeConnection, make_request


class Disk:
    """Keeps one file and a backup; ``error`` is what writing it fails with."""

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.backup: bytes | None = None
        self.error: OSError | None = None

    def load(self, accept: Callable[[bytes], object] | None = None) -> bytes | None:
        for data in (self.data, self.backup):
            try:
                if data and accept:
                    accept(data)
            except ValueError:
                continue
            return data
        return None

    def save(self, data: bytes) -> Deferred[None]:
        if self.error is not None:
            return fail(self.error)
        self.data = data
        return succeed(None)


class NameServer:
    """What the tests do with it."""

    def __init__(self, **settings: str) -> None:
        self.clock = Clock()
        self.disk = Disk()
        self.kept: dict[str, str] = {}
        self.told: list[tuple[str, int, Header]] = []
        options = [from_option(f"{key}={text}") for key, text in settings.items()]
        self.settings = LiveSettings(
            load_settings(namesrv_keys(), options=options), self.kept.update
        )
        self.service = NameServerService(
            self.clock,
            self.settings,
            load=self.disk.load,
            save=self.disk.save,
            notify=lambda *told: self.told.append(told),
        )
        self.table = self.service.table()
        self.routes = self.service.routes

    def start(self) -> "NameServer":
        self.service.startService()
        self.service.readiness.startService()
        return self

    def stop(self) -> None:
        self.service.readiness.stopService()
        self.service.stopService()

    def ask(
        self,
        code: int,
        header: Header | None = None,
        body: bytes = b"",
        connection: FakeConnection | None = None,
        **command: Any,
    ) -> Reply:
        """Give the reply, as the dispatcher would."""
        request = make_request(code, header, body, connection, **command)
        try:
            reply = self.table[code](request)
            if isinstance(reply, Deferred):
                replies: list[Reply] = []
                failures: list[Any] = []
                reply.addCallbacks(replies.append, failures.append)
                if failures:
                    raise failures[0].value
                return replies[0]
        except TwistedMQError as error:
            return Reply(error.code, remark=str(error))
        return reply

    def register(
        self,
        *topics: TopicConfig,
        connection: FakeConnection | None = None,
        counter: int = 0,
        state: int = 0,
        **header: Any,
    ) -> Reply:
        """Register broker-a, the master of the cluster c, unless told otherwise."""
        given: dict[str, Any] = {
            "broker_name": "broker-a",
            "broker_addr": "10.0.0.1:10911",
            "cluster_name": "c",
            "ha_server_addr": "10.0.0.1:10912",
            "broker_id": 0,
        }
        wrapper = TopicConfigAndMappingSerializeWrapper(
            data_version=DataVersion(counter=counter, state_version=state),
            topic_config_table={topic.topic_name: topic for topic in topics},
        )
        body = RegisterBrokerBody(topic_config_serialize_wrapper=wrapper)
        return self.ask(
            RequestCode.REGISTER_BROKER,
            RegisterBrokerRequestHeader(**given | header),
            loose_json.encode(body),
            connection,
        )

    def route(self, topic: str, **command: Any) -> Reply:
        header = GetRouteInfoRequestHeader(topic=topic)
        return self.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, header, **command)


def topic(name: str, perm: int = 6, queues: int = 4, flag: int = 0) -> TopicConfig:
    return TopicConfig(
        topic_name=name,
        perm=perm,
        read_queue_nums=queues,
        write_queue_nums=queues,
        topic_sys_flag=flag,
    )


def topics(*names: str) -> list[TopicConfig]:
    """Make topics by name, and one more, since a single one is no whole table."""
    return [topic(name) for name in ("TBW102", *names)]
