"""The read side of a broker over a memory store and virtual clocks."""

import json
from pathlib import Path
from typing import Any

from any_store import any_store
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.broker.broadcast.offsets import BroadcastOffsets
from twistedmq.broker.clients.asked import AskedSubscriptions
from twistedmq.broker.clients.connections import ConnectionHandlers
from twistedmq.broker.clients.handlers import ClientHandlers
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.clients.notifier import RebalanceNotifier
from twistedmq.broker.clients.relays import RelayHandlers
from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.locks.table import QueueLocks
from twistedmq.broker.offsets.bounds import BoundsHandlers, QueueBounds
from twistedmq.broker.offsets.handlers import OffsetHandlers
from twistedmq.broker.offsets.reset import ResetHandlers
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.pull.handlers import PullHandlers
from twistedmq.broker.pull.held import HeldPulls
from twistedmq.broker.pull.progress import Progress
from twistedmq.broker.pull.subscriptions import Subscriptions
from twistedmq.broker.queries.groups import GroupQueries
from twistedmq.broker.queries.messages import MessageQueries
from twistedmq.broker.queries.stats import StatsQueries
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broadcast import BroadcastConfig
from twistedmq.config.broker import (
    BrokerIdentity,
    BrokerLimits,
    GroupDefaults,
    OffsetConfig,
    PullConfig,
    TopicDefaults,
)
from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.filter.expressions import Expressions
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    ConsumerData,
    ConsumeType,
    HeartbeatData,
    MessageModel,
    ProducerData,
    SubscriptionData,
    TopicConfig,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers import PullMessageRequestHeader
from twistedmq.protocol.headers.base import Header
from twistedmq.remoting.interfaces import Handler
from twistedmq.remoting.timer_wheel import TimerWheel
from twistedmq.store.interfaces import IMessageStore
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.connections import FakeConnection, make_request

WIRE = Path(__file__).parent.parent / "vectors" / "wire"
BROKER = "broker-a"
ADDRESS = "127.0.0.2:21120"


class ReadSide:
    """All read-side parts of one broker; ``ask`` serves a request."""

    def __init__(self, store: IMessageStore | None = None) -> None:
        self.clock = Clock()
        self.now_ms = 1_700_000_000_000
        self.identity = Live(BrokerIdentity(cluster_name="C", broker_name=BROKER))
        self.pull_config = Live(PullConfig())
        self.offset_config = Live(OffsetConfig())
        self.group_defaults = Live(GroupDefaults())
        self.limits = Live(BrokerLimits())
        wall_ms = self.wall_ms
        self.topics = TopicTable(
            self.identity.value, Live(TopicDefaults()), self.limits, wall_ms
        )
        self.groups = GroupTable(self.group_defaults, self.limits, wall_ms)
        self.store = store or any_store(wall_ms, Live(StoreConfig()))
        self.store.start()
        self.expressions = Expressions()
        self.clients = ClientManager(self.expressions)
        self.asked = AskedSubscriptions(self.clients, self.expressions)
        self.locks = QueueLocks(self.clock.seconds)
        self.notifier = RebalanceNotifier(self.clock, self.group_defaults)
        self.clients.on_change(self.notifier.group_changed)
        self.offsets = OffsetTable(self.offset_config, wall_ms)
        self.counters = BrokerCounters(self.clock.seconds, BROKER)
        self.broadcast_config = Live(BroadcastConfig())
        self.broadcast = BroadcastOffsets(
            self.offsets,
            QueueBounds(self.store),
            self.clients,
            self.clock.seconds,
            self.broadcast_config,
        )
        self.held = HeldPulls(
            self.clock, TimerWheel(self.clock), self.store, self.limits
        )
        self.handlers = self._handlers()

    def wall_ms(self) -> int:
        return self.now_ms

    def _handlers(self) -> dict[int, Handler]:
        seconds = self.clock.seconds
        tables = [
            PullHandlers(
                store=self.store,
                topics=self.topics,
                groups=self.groups,
                progress=Progress(self.offsets, self.broadcast),
                subscriptions=Subscriptions(
                    self.clients, self.groups, self.asked, self.pull_config
                ),
                held=self.held,
                counters=self.counters,
                identity=self.identity,
                config=self.pull_config,
            ).table(),
            ClientHandlers(
                clients=self.clients,
                topics=self.topics,
                groups=self.groups,
                expressions=self.expressions,
                config=self.pull_config,
                seconds=seconds,
            ).table(),
            ConnectionHandlers(self.clients, self.locks, seconds, self.wall_ms).table(),
            RelayHandlers(
                clients=self.clients,
                topics=self.topics,
                groups=self.groups,
                store=self.store,
                identity=self.identity,
            ).table(),
            OffsetHandlers(
                offsets=self.offsets,
                bounds=QueueBounds(self.store),
                topics=self.topics,
                groups=self.groups,
                clients=self.clients,
            ).table(),
            BoundsHandlers(self.store).table(),
            ResetHandlers(
                store=self.store,
                offsets=self.offsets,
                topics=self.topics,
                groups=self.groups,
                clients=self.clients,
                held=self.held,
                identity=self.identity,
                config=self.offset_config,
            ).table(),
            MessageQueries(self.store, self.clients).table(),
            GroupQueries(self.clients, self.offsets, lambda: ADDRESS).table(),
            StatsQueries(
                store=self.store,
                offsets=self.offsets,
                topics=self.topics,
                groups=self.groups,
                clients=self.clients,
                counters=self.counters,
                identity=self.identity,
                address=lambda: ADDRESS,
                wall_ms=self.wall_ms,
            ).table(),
        ]
        return {code: handler for table in tables for code, handler in table.items()}

    # What tests do with it

    def ask(
        self,
        code: int,
        header: Header | None = None,
        body: bytes = b"",
        connection: FakeConnection | None = None,
        **command: Any,
    ) -> Reply:
        """Serve a request that is answered within the call."""
        answers = self.begin(code, header, body, connection, **command)
        assert answers, "the request was held"
        return answers[0]

    def begin(
        self,
        code: int,
        header: Header | None = None,
        body: bytes = b"",
        connection: FakeConnection | None = None,
        **command: Any,
    ) -> list[Reply]:
        """Serve a request; the answer appears in the list, now or later."""
        request = make_request(code, header, body, connection, **command)
        answers: list[Reply] = []
        try:
            reply = self.handlers[code](request)
        except TwistedMQError as error:
            return [refusal(error)]
        if isinstance(reply, Deferred):
            reply.addErrback(lambda failure: refusal(failure.value))
            reply.addCallback(answers.append)
        else:
            answers.append(reply)
        return answers

    def topic(self, name: str = "T", queues: int = 4, **settings: Any) -> TopicConfig:
        config = TopicConfig(
            topic_name=name,
            read_queue_nums=queues,
            write_queue_nums=queues,
            **settings,
        )
        self.topics.put(config)
        return config

    def append(self, *messages: Told) -> list[int]:
        """Store *messages* as one batch; gives their physical offsets."""
        return self.store.append(batch_of(messages)).physical_offsets

    def heartbeat(
        self,
        group: str = "G",
        topics: dict[str, str] | None = None,
        connection: FakeConnection | None = None,
        client_id: str = "c1",
        **more: Any,
    ) -> Reply:
        """Have a consumer of *group* say what it wants (expression by topic)."""
        beat = heartbeat_body(group, topics or {"T": "*"}, client_id, **more)
        return self.ask(
            RequestCode.HEART_BEAT, None, loose_json.encode(beat), connection
        )


def heartbeat_body(
    group: str,
    topics: dict[str, str],
    client_id: str = "c1",
    *,
    version: int = 1,
    expression_type: str = "TAG",
    model: MessageModel = MessageModel.CLUSTERING,
    consume_type: ConsumeType = ConsumeType.CONSUME_PASSIVELY,
    producers: tuple[str, ...] = (),
    **beat: Any,
) -> HeartbeatData:
    """Give what a client says of one group."""
    wanted = [
        SubscriptionData(
            topic=topic,
            sub_string=text,
            sub_version=version,
            expression_type=expression_type,
        )
        for topic, text in topics.items()
    ]
    data = ConsumerData(
        group_name=group,
        subscription_data_set=wanted,
        message_model=model,
        consume_type=consume_type,
    )
    return HeartbeatData(
        client_id=client_id,
        consumer_data_set=[data],
        producer_data_set=[ProducerData(group_name=name) for name in producers],
        **beat,
    )


def pull_header(**fields: Any) -> PullMessageRequestHeader:
    """Give a pull of T queue 0 from 0 on, by its own subscription, without holding."""
    values: dict[str, Any] = {
        "consumer_group": "G",
        "topic": "T",
        "queue_id": 0,
        "queue_offset": 0,
        "max_msg_nums": 32,
        "sys_flag": 4,
        "commit_offset": 0,
        "suspend_timeout_millis": 15_000,
        "subscription": "*",
        "sub_version": 0,
    }
    return PullMessageRequestHeader(**values | fields)


def refusal(error: Exception) -> Reply:
    """Do what the dispatcher does with an error."""
    if not isinstance(error, TwistedMQError):
        raise error
    return Reply(error.code, remark=str(error))


def answer(code: int = 0, body: bytes = b"", **more: Any) -> Command:
    """Give what a client answers."""
    return Command(code=code, body=body, **more)


def genuine_answers(name: str) -> list[dict[str, Any]]:
    """Give the recorded answers of the genuine broker to one request code."""
    lines = (WIRE / f"{name}.jsonl").read_text().splitlines()
    answers = [json.loads(line) for line in lines]
    return [each for each in answers if each["direction"] == "response"]
