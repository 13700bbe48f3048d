"""A cluster in memory, for tests of the client: no socket, a virtual clock.

Its brokers do what a client can see of them: routes, sends, held pulls, offsets,
members, messages given back. What a test wants to go wrong, it says beforehand.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, fail, maybeDeferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorCore
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.client.message import ReceivedMessage
from twistedmq.client.session import ClientSettings
from twistedmq.client.watching import watched
from twistedmq.filter.tag import split_tags
from twistedmq.protocol import loose_json, names, properties
from twistedmq.protocol.addresses import pack, parse_address
from twistedmq.protocol.batch_body import decode_batch
from twistedmq.protocol.bodies.clients import (
    GetConsumerListByGroupResponseBody,
    HeartbeatData,
    LockBatchRequestBody,
    LockBatchResponseBody,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.routes import (
    BrokerData,
    ClusterInfo,
    QueueData,
    TopicRouteData,
)
from twistedmq.protocol.bodies.topics import TopicList
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.properties import java_hash, tags_code
from twistedmq.protocol.record import Record, decode_record, encode_record
from twistedmq.protocol.system_flags import PULL_SUBSCRIPTION, PULL_SUSPEND
from twistedmq.remoting.errors import ConnectError

NAME_SERVER = "192.0.2.1:9876"
WALL_MS = 1_700_000_000_000
PER_PULL = 32
LOCK_LAPSES_S = 60.0


def held(deferred: Deferred[Any]) -> list[Any]:
    """Give a list to which the result of *deferred* is added when it comes."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    return results


def result_of(deferred: Deferred[Any]) -> Any:
    """Give the result, which must be there; raises where it is a failure."""
    results = held(deferred)
    assert results, "the Deferred has not fired"
    if hasattr(results[0], "raiseException"):
        results[0].raiseException()
    return results[0]


@implementer(IReactorCore)
class StoppableClock(Clock):
    """A clock that can be shut down as a reactor is: the part before all else ends."""

    def __init__(self) -> None:
        super().__init__()
        self.triggers: list[Callable[[], Any]] = []

    def addSystemEventTrigger(
        self, phase: str, event: str, trigger: Callable[[], Any]
    ) -> Callable[[], Any]:
        """Keep *trigger*."""
        assert (phase, event) == ("before", "shutdown")
        self.triggers.append(trigger)
        return trigger

    def removeSystemEventTrigger(self, trigger: Callable[[], Any]) -> None:
        """Forget *trigger*."""
        self.triggers.remove(trigger)

    def shut_down(self) -> list[Any]:
        """Call the triggers; gives a list that is filled when all have finished."""
        fired, self.triggers = self.triggers, []
        return held(DeferredList([trigger() for trigger in fired]))


class HeldPull:
    """A pull that waits for a message."""

    def __init__(self, queue: MessageQueue, header: Any) -> None:
        self.queue = queue
        self.header = header
        self.answer: Deferred[Command] = Deferred(lambda _: self.over())
        self.timer: IDelayedCall | None = None

    def over(self) -> None:
        """Wait no more."""
        if self.timer is not None and self.timer.active():
            self.timer.cancel()


class FakeCluster:
    """One name server and some brokers, all masters unless told otherwise.

    Attributes:
        requests: (address, code, header) of everything that was asked.
        refuse: code to (response code, remark), until it is taken out.
        serve: code to a function of (address, header, body) that answers instead.
        down: addresses that refuse connections.
        committed: what groups committed.
        given_back: headers of messages that were given back.
        locks: who has locked which queues of a group.
    """

    def __init__(self, clock: Clock, brokers: int = 1) -> None:
        self.clock = clock
        self.addresses = {
            f"broker-{n}": f"192.0.2.{10 + n}:10911" for n in range(brokers)
        }
        self.topics: dict[str, dict[str, QueueData]] = {}
        self.records: dict[MessageQueue, list[Record]] = {}
        self.members: dict[str, dict[str, HeartbeatData]] = {}
        self.committed: dict[tuple[str, MessageQueue], int] = {}
        self.given_back: list[Any] = []
        self.locks: dict[tuple[str, MessageQueue], str] = {}
        self.requests: list[tuple[str, int, Any]] = []
        self.one_ways: list[tuple[str, int, Any]] = []
        self.refuse: dict[int, tuple[int, str]] = {}
        self.serve: dict[int, Callable[[str, Any, bytes], Any]] = {}
        self.down: set[str] = set()
        self._locked_s: dict[tuple[str, MessageQueue], float] = {}
        self._gates: dict[int, Deferred[None]] = {}
        self.min_offsets: dict[MessageQueue, int] = {}
        self.auto_create = True
        self.durability: str | None = None
        self.closed = 0
        self._held: list[HeldPull] = []
        self._physical = 0
        self.create(names.AUTO_CREATE_TOPIC, queues=8)

    def settings(self, **changes: Any) -> ClientSettings:
        """Give settings for a client of this cluster."""
        usual: dict[str, Any] = {
            "nameservers": NAME_SERVER,
            "reactor": self.clock,
            "pool": FakePool(self),
            "random": Random(7),
            "wall_ms": lambda: WALL_MS + int(self.clock.seconds() * 1000),
        }
        return ClientSettings(**usual | changes)

    def create(
        self,
        topic: str,
        queues: int = 4,
        perm: int = 6,
        brokers: list[str] | None = None,
    ) -> None:
        """Make a topic, or change it."""
        for name in brokers or self.addresses:
            self.topics.setdefault(topic, {})[name] = QueueData(
                broker_name=name,
                perm=perm,
                read_queue_nums=queues,
                write_queue_nums=queues,
            )
            for queue_id in range(queues):
                self.records.setdefault(MessageQueue(topic, name, queue_id), [])

    def put(
        self, topic: str, *bodies: str, queue_id: int = 0, tag: str = "", **stored: str
    ) -> list[Record]:
        """Store messages."""
        if tag:
            stored[properties.TAGS] = tag
        broker = next(iter(self.topics[topic]))
        queue = MessageQueue(topic, broker, queue_id)
        return [
            self.append(queue, Record(topic=topic, body=body.encode()), stored)
            for body in bodies
        ]

    def append(
        self, queue: MessageQueue, record: Record, stored: dict[str, str]
    ) -> Record:
        """Store one message and wake whoever waits for it."""
        records = self.records[queue]
        record.topic, record.queue_id = queue.topic, queue.queue_id
        record.queue_offset = len(records)
        record.physical_offset = self._physical
        record.store_ms = WALL_MS + int(self.clock.seconds() * 1000)
        record.store_host = pack(*parse_address(self.addresses[queue.broker_name]))
        record.properties = properties.format(stored)
        encoded = decode_record(encode_record(record))
        self._physical += encoded.size
        records.append(encoded)
        self._wake()
        return encoded

    def bodies(self, topic: str) -> list[bytes]:
        """Give all stored bodies of a topic, queue by queue."""
        return [
            record.body
            for queue in sorted(self.records)
            if queue.topic == topic
            for record in self.records[queue]
        ]

    def codes(self) -> list[int]:
        """Give the codes of all requests so far."""
        return [code for _, code, _ in self.requests]

    def request(
        self, address: str, code: int, header: Any, body: bytes
    ) -> Deferred[Command]:
        """Serve one request."""
        self.requests.append((address, code, header))
        gate = self._gates.pop(code, None)
        if gate is not None:
            return gate.addCallback(lambda _: self._serve(address, code, header, body))
        return self._serve(address, code, header, body)

    def wait_for(self, code: int) -> Deferred[Any]:
        """Have the next request of *code* served only when the Deferred is fired."""
        self._gates[code] = Deferred()
        return self._gates[code]

    def _serve(
        self, address: str, code: int, header: Any, body: bytes
    ) -> Deferred[Command]:
        if address in self.down:
            return fail(ConnectError(address, "it is down"))
        if code in self.refuse:
            refusal, remark = self.refuse[code]
            return succeed(Command(code=refusal, remark=remark))
        if code in self.serve:
            answer = self.serve[code](address, header, body)
        else:
            serve: Callable[..., Any] = self._SERVED[code]
            answer = serve(self, address, header, body)
        return answer if isinstance(answer, Deferred) else succeed(answer)

    # what name servers do

    def _route(self, address: str, header: Any, body: bytes) -> Command:
        queues = self.topics.get(header.topic)
        if not queues:
            return Command(code=ResponseCode.TOPIC_NOT_EXIST, remark="no such topic")
        brokers = [
            BrokerData(broker_name=name, broker_addrs={0: self.addresses[name]})
            for name in queues
        ]
        route = TopicRouteData(broker_datas=brokers, queue_datas=list(queues.values()))
        return Command(code=0, body=loose_json.encode(route))

    def _topic_list(self, address: str, header: Any, body: bytes) -> Command:
        listed = TopicList(topic_list=list(self.topics))
        return Command(code=0, body=loose_json.encode(listed))

    def _cluster_info(self, address: str, header: Any, body: bytes) -> Command:
        info = ClusterInfo(
            broker_addr_table={
                name: BrokerData(broker_name=name, broker_addrs={0: address})
                for name, address in self.addresses.items()
            },
            cluster_addr_table={"DefaultCluster": list(self.addresses)},
        )
        return Command(code=0, body=loose_json.encode(info))

    # what brokers do

    def _send(self, address: str, header: Any, body: bytes) -> Command:
        broker = self._name(address)
        if names.is_retry_topic(header.topic):
            return self._send_retry(address, header, body)
        if header.topic not in self.topics:
            if not self.auto_create:
                return Command(code=ResponseCode.TOPIC_NOT_EXIST, remark="none")
            self.create(header.topic, header.default_topic_queue_nums, brokers=[broker])
        queue = MessageQueue(header.topic, broker, header.queue_id)
        if header.batch:
            items = [
                (
                    Record(topic="", body=i.body, flag=i.flag),
                    properties.parse(i.properties),
                )
                for i in decode_batch(body)
            ]
        else:
            sent = Record(
                topic="",
                body=body,
                flag=header.flag,
                sys_flag=header.sys_flag,
                born_ms=header.born_timestamp,
                reconsume_times=header.reconsume_times or 0,
            )
            items = [(sent, properties.parse(header.properties or ""))]
        stored = [self.append(queue, record, own) for record, own in items]
        ids = [offset_id(each.store_host, each.physical_offset) for each in stored]
        fields = {
            "msgId": ",".join(ids),
            "queueId": str(queue.queue_id),
            "queueOffset": str(stored[0].queue_offset),
        }
        if self.durability:
            fields["DURABILITY"] = self.durability
        return Command(code=0, fields=fields)

    def _send_retry(self, address: str, header: Any, body: bytes) -> Command:
        """Keep a message that failed too often as a dead letter."""
        topic, broker = header.topic, self._name(address)
        if header.reconsume_times > header.max_reconsume_times:
            topic = names.dlq_topic(topic.removeprefix(names.RETRY_PREFIX))
            if topic not in self.topics:
                self.create(topic, queues=1)
        record = Record(
            topic="",
            body=body,
            flag=header.flag,
            reconsume_times=header.reconsume_times,
        )
        queue = MessageQueue(topic, broker, 0)
        self.append(queue, record, properties.parse(header.properties or ""))
        return Command(code=0, fields={"msgId": "", "queueId": "0", "queueOffset": "0"})

    def _pull(self, address: str, header: Any, body: bytes) -> Deferred[Command]:
        if header.commit_offset and header.sys_flag & 1:
            queue = MessageQueue(header.topic, self._name(address), header.queue_id)
            self.committed[header.consumer_group, queue] = header.commit_offset
        queue = MessageQueue(header.topic, self._name(address), header.queue_id)
        pull = HeldPull(queue, header)
        if not self._answer_pull(pull):
            if not header.sys_flag & PULL_SUSPEND:
                self._say(pull, ResponseCode.PULL_NOT_FOUND, header.queue_offset)
                return pull.answer
            self._held.append(pull)
            pull.timer = self.clock.callLater(
                header.suspend_timeout_millis / 1000, self._nothing_found, pull
            )
        return pull.answer

    def _wake(self) -> None:
        self._held = [pull for pull in self._held if not self._answer_pull(pull)]

    def _nothing_found(self, pull: HeldPull) -> None:
        if pull in self._held:
            self._held.remove(pull)
            self._say(pull, ResponseCode.PULL_NOT_FOUND, pull.header.queue_offset)

    def _answer_pull(self, pull: HeldPull) -> bool:
        if pull.answer.called:
            return True
        records, at = self.records[pull.queue], pull.header.queue_offset
        first = self.min_offsets.get(pull.queue, 0)
        if not first <= at <= len(records):
            self._say(pull, ResponseCode.PULL_OFFSET_MOVED, first)
            return True
        found = records[at : at + min(PER_PULL, pull.header.max_msg_nums)]
        if not found:
            return False
        wanted = [each for each in found if self._wants(pull, each)]
        code = ResponseCode.SUCCESS if wanted else ResponseCode.PULL_RETRY_IMMEDIATELY
        encoded = b"".join(map(encode_record, wanted))
        self._say(pull, code, at + len(found), encoded)
        return True

    def _wants(self, pull: HeldPull, record: Record) -> bool:
        codes: set[int] = set()
        if pull.header.sys_flag & PULL_SUBSCRIPTION:
            codes.update(map(java_hash, split_tags(pull.header.subscription)))
        for beat in self.members.get(pull.header.consumer_group, {}).values():
            for consumer in beat.consumer_data_set:
                for each in consumer.subscription_data_set:
                    if each.topic == pull.queue.topic:
                        codes.update(each.code_set)
        tag = properties.parse(record.properties).get(properties.TAGS)
        return not codes or tags_code(tag) in codes

    def _say(
        self, pull: HeldPull, code: int, next_offset: int, body: bytes = b""
    ) -> None:
        fields = {
            "nextBeginOffset": str(next_offset),
            "minOffset": str(self.min_offsets.get(pull.queue, 0)),
            "maxOffset": str(len(self.records[pull.queue])),
            "suggestWhichBrokerId": "0",
        }
        pull.over()
        pull.answer.callback(Command(code=code, fields=fields, body=body))

    def _heartbeat(self, address: str, header: Any, body: bytes) -> Command:
        beat = loose_json.decode(body, type=HeartbeatData)
        for consumer in beat.consumer_data_set:
            group = consumer.group_name
            self.members.setdefault(group, {})[beat.client_id] = beat
            if names.retry_topic(group) not in self.topics:
                self.create(names.retry_topic(group), queues=1)
        return Command(code=0)

    def _unregister(self, address: str, header: Any, body: bytes) -> Command:
        if header.consumer_group:
            self.members.get(header.consumer_group, {}).pop(header.client_id, None)
        return Command(code=0)

    def _members(self, address: str, header: Any, body: bytes) -> Command:
        ids = list(self.members.get(header.consumer_group, {}))
        listed = GetConsumerListByGroupResponseBody(consumer_id_list=ids)
        return Command(code=0, body=loose_json.encode(listed))

    def _query_offset(self, address: str, header: Any, body: bytes) -> Command:
        key = header.consumer_group, self._queue(address, header)
        if key not in self.committed:
            return Command(code=ResponseCode.QUERY_NOT_FOUND, remark="none")
        return _offset(self.committed[key])

    def _update_offset(self, address: str, header: Any, body: bytes) -> Command:
        key = header.consumer_group, self._queue(address, header)
        self.committed[key] = header.commit_offset
        return Command(code=0)

    def _max_offset(self, address: str, header: Any, body: bytes) -> Command:
        return _offset(len(self.records[self._queue(address, header)]))

    def _min_offset(self, address: str, header: Any, body: bytes) -> Command:
        return _offset(self.min_offsets.get(self._queue(address, header), 0))

    def _search(self, address: str, header: Any, body: bytes) -> Command:
        records = self.records[self._queue(address, header)]
        later = [r.queue_offset for r in records if r.store_ms >= header.timestamp]
        return _offset(later[0] if later else len(records))

    def _view(self, address: str, header: Any, body: bytes) -> Command:
        for record in self._records_of(address):
            if record.physical_offset == header.offset:
                return Command(code=0, body=encode_record(record))
        return Command(code=ResponseCode.SYSTEM_ERROR, remark="can not find message")

    def _query(self, address: str, header: Any, body: bytes) -> Command:
        found = [
            record
            for record in self._records_of(address)
            if properties.parse(record.properties).get("UNIQ_KEY") == header.key
        ]
        if not found:
            return Command(code=ResponseCode.QUERY_NOT_FOUND, remark="none")
        return Command(code=0, body=b"".join(map(encode_record, found)))

    def _records_of(self, address: str) -> list[Record]:
        name = self._name(address)
        queues = [queue for queue in self.records if queue.broker_name == name]
        return [record for queue in queues for record in self.records[queue]]

    def _send_back(self, address: str, header: Any, body: bytes) -> Command:
        self.given_back.append(header)
        everything = [r for records in self.records.values() for r in records]
        [record] = [r for r in everything if r.physical_offset == header.offset]
        stored = properties.parse(record.properties)
        stored.setdefault(properties.RETRY_TOPIC, record.topic)
        stored.setdefault(properties.ORIGIN_MESSAGE_ID, header.origin_msg_id)
        copy = Record(
            topic="",
            body=record.body,
            flag=record.flag,
            sys_flag=record.sys_flag,
            reconsume_times=record.reconsume_times + 1,
        )
        retry = MessageQueue(names.retry_topic(header.group), self._name(address), 0)
        self.clock.callLater(10, self.append, retry, copy, stored)
        return Command(code=0)

    def _lock(self, address: str, header: Any, body: bytes) -> Command:
        wish = loose_json.decode(body, type=LockBatchRequestBody)
        now_s, mine = self.clock.seconds(), []
        for queue in wish.mq_set:
            key = wish.consumer_group, queue
            lapsed = now_s > self._locked_s.get(key, now_s) + LOCK_LAPSES_S
            if lapsed or self.locks.get(key, wish.client_id) == wish.client_id:
                self.locks[key], self._locked_s[key] = wish.client_id, now_s
                mine.append(queue)
        answer = LockBatchResponseBody(lock_ok_mq_set=mine)
        return Command(code=0, body=loose_json.encode(answer))

    def _unlock(self, address: str, header: Any, body: bytes) -> Command:
        wish = loose_json.decode(body, type=LockBatchRequestBody)
        for queue in wish.mq_set:
            if self.locks.get((wish.consumer_group, queue)) == wish.client_id:
                del self.locks[wish.consumer_group, queue]
        return Command(code=0)

    def _done(self, address: str, header: Any, body: bytes) -> Command:
        return Command(code=0)

    def _queue(self, address: str, header: Any) -> MessageQueue:
        return MessageQueue(header.topic, self._name(address), header.queue_id)

    def _name(self, address: str) -> str:
        return next(n for n, known in self.addresses.items() if known == address)

    _SERVED = {  # noqa: RUF012 - the table of this class
        RequestCode.GET_ROUTEINFO_BY_TOPIC: _route,
        RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER: _topic_list,
        RequestCode.GET_BROKER_CLUSTER_INFO: _cluster_info,
        RequestCode.SEND_MESSAGE_V2: _send,
        RequestCode.SEND_BATCH_MESSAGE: _send,
        RequestCode.PULL_MESSAGE: _pull,
        RequestCode.LITE_PULL_MESSAGE: _pull,
        RequestCode.VIEW_MESSAGE_BY_ID: _view,
        RequestCode.QUERY_MESSAGE: _query,
        RequestCode.HEART_BEAT: _heartbeat,
        RequestCode.UNREGISTER_CLIENT: _unregister,
        RequestCode.GET_CONSUMER_LIST_BY_GROUP: _members,
        RequestCode.QUERY_CONSUMER_OFFSET: _query_offset,
        RequestCode.UPDATE_CONSUMER_OFFSET: _update_offset,
        RequestCode.GET_MAX_OFFSET: _max_offset,
        RequestCode.GET_MIN_OFFSET: _min_offset,
        RequestCode.SEARCH_OFFSET_BY_TIMESTAMP: _search,
        RequestCode.CONSUMER_SEND_MSG_BACK: _send_back,
        RequestCode.LOCK_BATCH_MQ: _lock,
        RequestCode.UNLOCK_BATCH_MQ: _unlock,
        RequestCode.CHECK_CLIENT_CONFIG: _done,
        RequestCode.UPDATE_AND_CREATE_TOPIC: _done,
        RequestCode.DELETE_TOPIC_IN_BROKER: _done,
        RequestCode.DELETE_TOPIC_IN_NAMESRV: _done,
    }


class FakePool:
    """The connections of one client to a FakeCluster."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster

    def request(
        self, address: str, code: int, header: Any, body: bytes, timeout_s: float
    ) -> Deferred[Command]:
        """Ask."""
        return self._cluster.request(address, code, header, body)

    def ask(
        self,
        address: str,
        code: int,
        header: Any,
        body: bytes,
        timeout_s: float,
        answered: Callable[[Command], None],
        failed: Callable[[Failure], None],
    ) -> None:
        """Ask, without a Deferred."""
        asked = self.request(address, code, header, body, timeout_s)
        asked.addCallbacks(answered, failed)

    def send_one_way(
        self, address: str, code: int, header: Any, body: bytes
    ) -> Deferred[None]:
        """Send."""
        self._cluster.one_ways.append((address, code, header))
        sent = self._cluster.request(address, code, header, body)
        return sent.addCallback(lambda _: None)

    def close(self) -> Deferred[None]:
        """Close."""
        self._cluster.closed += 1
        return succeed(None)


def _offset(offset: int) -> Command:
    return Command(code=0, fields={"offset": str(offset)})


def received(
    body: str = "x", *, queue_id: int = 0, offset: int = 0, **changes: Any
) -> ReceivedMessage:
    """Give a message as a consumer would get it."""
    usual: dict[str, Any] = {
        "topic": "T",
        "body": body.encode(),
        "tag": None,
        "keys": (),
        "properties": {},
        "system_properties": {},
        "message_id": f"ID-{body}",
        "offset_message_id": "",
        "queue": MessageQueue("T", "broker-0", queue_id),
        "queue_offset": offset,
        "physical_offset": 0,
        "reconsume_times": 0,
        "born_at_ms": WALL_MS,
        "stored_at_ms": WALL_MS,
        "born_host": "192.0.2.2:1",
        "store_host": "192.0.2.10:10911",
        "flag": 0,
        "sys_flag": 0,
        "stored_bytes": 100,
    }
    return ReceivedMessage(**usual | changes)


def consumed(handler: Any, watch: Any, *messages: ReceivedMessage) -> Deferred[Any]:
    """Have *handler* consume messages while *watch* looks on."""
    result: Any = maybeDeferred(watched(handler, watch), list(messages))
    return result
