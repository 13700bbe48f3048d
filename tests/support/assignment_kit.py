"""Name servers that answer within the call, for tests of what asks them for queues."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.broker.assignment.routes import ReadableQueues
from twistedmq.config.assignment import AssignmentConfig
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import QueueData, TopicRouteData
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers import GetRouteInfoRequestHeader
from twistedmq.protocol.headers.base import Header
from twistedmq.remoting.errors import ConnectionLostError


class FakeNameServers:
    """Know the queues of topics; ``away`` are those that do not answer."""

    def __init__(self, *servers: str) -> None:
        self.servers = list(servers) or ["ns1:1"]
        self.away: set[str] = set()
        self.slow = False
        self.queues: dict[str, list[QueueData]] = {}
        self.asked: list[tuple[str, str]] = []
        self.waiting: list[tuple[Deferred[Command], str]] = []
        self.garbage: bytes | None = None

    def readable(self, clock: Clock, config: Live[AssignmentConfig]) -> ReadableQueues:
        return ReadableQueues(self.current, self, clock.seconds, config, 3)  # type: ignore[arg-type]

    async def current(self) -> list[str]:
        return self.servers

    def topic(self, topic: str, perm: int = 6, **brokers: int) -> None:
        """Have *topic* with so many queues on each broker."""
        self.queues[topic] = [
            QueueData(broker_name=name, perm=perm, read_queue_nums=number)
            for name, number in brokers.items()
        ]

    def request(
        self,
        address: str,
        code: int,
        header: Header | None = None,
        body: bytes = b"",
        timeout_s: float = 3.0,
    ) -> Deferred[Command]:
        assert code == RequestCode.GET_ROUTEINFO_BY_TOPIC
        assert isinstance(header, GetRouteInfoRequestHeader)
        self.asked.append((address, header.topic))
        answer: Deferred[Command] = Deferred()
        if address in self.away:
            answer.errback(ConnectionLostError(address, "away"))
        elif self.slow:
            self.waiting.append((answer, header.topic))
        else:
            answer.callback(self._answer(header.topic))
        return answer

    def answer_now(self) -> None:
        waiting, self.waiting = self.waiting, []
        for answer, topic in waiting:
            answer.callback(self._answer(topic))

    def _answer(self, topic: str) -> Command:
        if self.garbage is not None:
            return Command(code=0, body=self.garbage)
        queues = self.queues.get(topic)
        if queues is None:
            return Command(code=ResponseCode.TOPIC_NOT_EXIST)
        return Command(
            code=0, body=loose_json.encode(TopicRouteData(queue_datas=queues))
        )
