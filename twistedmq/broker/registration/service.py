"""Keeps all name servers informed: the broker, its topics, every change.

The whole table goes out at the start, ten seconds later, and then every period; what
changes in between goes out at once, changes of one turn together. Source:
BrokerController.registerBrokerAll, registerIncrementBrokerData.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.broker.registration.messages import Announcements, Message
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerIdentity, RegistrationConfig
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DataVersion, KVTable, TopicConfig
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers.base import Header

FIRST_PERIOD_S: Final = 10.0
MIN_PERIOD_MS: Final = 10_000
MAX_PERIOD_MS: Final = 60_000
RETRY_S: Final = 5.0
"""When the next round is, after one that not everybody answered."""
READY_AFTER_S: Final = 1.0
"""A start waits no longer for name servers that do not answer."""
CHANGE_TIMEOUT_S: Final = 3.0
FAREWELL_TIMEOUT_S: Final = 3.0


class Requester(Protocol):
    """What is used of ``twistedmq.remoting.client.ClientPool``."""

    def request(
        self,
        address: str,
        code: int,
        header: Header | None,
        body: bytes,
        timeout_s: float,
    ) -> Deferred[Command]:
        """Send a request; fires with the response."""


class NameServerList(Protocol):
    """What is used of ``twistedmq.broker.registration.name_servers.NameServers``."""

    async def current(self) -> list[str]:
        """Give the address of each name server."""


class RegistrationService(Service):
    """Registers a broker with every name server, and takes it back at the end.

    A name server that does not answer is logged once, and once more when it is back.

    Args:
        clock: for the periods.
        identity: names and permission of the broker.
        config: how often and how.
        topics: the table that is announced; the service listens to its changes.
        name_servers: where to.
        client: the way there.
        addresses: gives the broker's address and its HA address, once they are known.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        identity: Live[BrokerIdentity],
        config: Live[RegistrationConfig],
        topics: TopicTable,
        name_servers: NameServerList,
        client: Requester,
        addresses: Callable[[], tuple[str, str]],
    ) -> None:
        self.ready: Deferred[None] = Deferred()
        self._clock = clock
        self._identity = identity
        self._config = config
        self._topics = topics
        self._name_servers = name_servers
        self._client = client
        self._addresses = addresses
        self._silent: set[str] = set()
        self._known: set[str] = set()
        self._next_round: IDelayedCall | None = None
        self._changed: dict[str, TopicConfig] = {}
        self._telling: Deferred[None] | None = None
        self._round: Deferred[None] | None = None
        self._again = False
        topics.on_change(self._topic_changed)
        identity.subscribe(lambda _: self.register_now())
        config.subscribe(lambda _: self.register_now())

    def startService(self) -> None:
        """Register at once; ``ready`` fires when that is over, or takes too long."""
        super().startService()
        self._clock.callLater(READY_AFTER_S, self._be_ready)
        self._start_round(forced=True, then_s=FIRST_PERIOD_S)

    def stopService(self) -> Deferred[None]:
        """Take the registration back everywhere; fires when that is done or failed."""
        super().stopService()
        self._cancel_next_round()
        return Deferred.fromCoroutine(self._say_farewell())

    def register_now(self) -> None:
        """Register everything again, as soon as a round that is under way is over."""
        if not self.running:
            return
        if self._round is not None:
            self._again = True
            return
        self._cancel_next_round()
        self._start_round(forced=True, then_s=self._period_s())

    def settled(self) -> Deferred[None] | None:
        """None if every change was told; else fires once those so far were.

        Never fails: a name server that is away learns of them in a later round.
        """
        if self._telling is None:
            return None
        fires: Deferred[None] = Deferred()
        self._telling.addCallback(lambda _: fires.callback(None))
        return fires

    def _topic_changed(self, topic: str, config: TopicConfig | None) -> None:
        if config is None:
            self._changed.pop(topic, None)
            return
        if not self.running:
            return
        self._changed[topic] = config
        if self._telling is None:
            self._telling = Deferred()
            self._clock.callLater(0, self._tell_changes)

    def _tell_changes(self) -> None:
        told, self._telling = self._telling, None
        changed, self._changed = self._changed, {}
        telling = Deferred.fromCoroutine(self._tell(changed.values()))
        telling.addErrback(self._unexpected)
        if told is not None:
            telling.addCallback(told.callback)

    async def _tell(self, changed: Iterable[TopicConfig]) -> None:
        changed = list(changed)
        if not changed or not self.running:
            return
        config, announce = self._config.value, self._announcements()
        if config.single_topic:
            messages = [announce.register_topic(topic) for topic in changed]
        else:
            version = self._topics.data_version
            messages = [announce.register(changed, version, config)]
        servers = await self._name_servers.current()
        timeout_s = min(CHANGE_TIMEOUT_S, config.timeout_ms / 1000)
        for message in messages:
            await self._ask_all(servers, message, timeout_s)

    def _start_round(self, *, forced: bool, then_s: float) -> None:
        self._round = Deferred.fromCoroutine(self._register_all(forced=forced))
        self._round.addErrback(self._unexpected)
        self._round.addCallback(self._round_ended, then_s)

    def _round_ended(self, _: object, then_s: float) -> None:
        self._round = None
        self._be_ready()
        if not self.running:
            return
        if self._again:
            self._again = False
            self._start_round(forced=True, then_s=then_s)
            return
        delay_s = min(then_s, RETRY_S) if self._silent else then_s
        self._next_round = self._clock.callLater(delay_s, self._periodic_round)

    def _be_ready(self) -> None:
        if not self.ready.called:
            self.ready.callback(None)

    def _periodic_round(self) -> None:
        self._next_round = None
        self._start_round(forced=self._config.value.force, then_s=self._period_s())

    def _period_s(self) -> float:
        wished = self._config.value.period_ms
        return max(MIN_PERIOD_MS, min(wished, MAX_PERIOD_MS)) / 1000

    async def _register_all(self, *, forced: bool) -> None:
        servers = await self._name_servers.current()
        self._silent &= set(servers)
        if not forced:
            servers = await self._outdated(servers)
        if not servers or not self.running:
            return
        config = self._config.value
        message = self._announcements().register(
            self._topics.snapshot().values(), self._topics.data_version, config
        )
        for answer in await self._ask_all(servers, message, config.timeout_ms / 1000):
            if answer is not None and answer.body:
                table = loose_json.decode(answer.body, type=KVTable)
                self._topics.mark_ordered(table.table)

    async def _outdated(self, servers: list[str]) -> list[str]:
        """Give the name servers that do not know today's version of the table."""
        version = self._topics.data_version
        message = self._announcements().query_version(version)
        timeout_s = self._config.value.timeout_ms / 1000
        answers = await self._ask_all(servers, message, timeout_s)
        return [
            server
            for server, answer in zip(servers, answers, strict=True)
            if answer is None or _is_outdated(answer, version)
        ]

    async def _ask_all(
        self, servers: list[str], message: Message, timeout_s: float
    ) -> list[Command | None]:
        """Send *message* to each; gives the good answers, None for the others."""
        asked = [
            Deferred.fromCoroutine(self._ask(server, message, timeout_s))
            for server in servers
        ]
        return list(await gatherResults(asked))

    async def _ask(
        self, server: str, message: Message, timeout_s: float
    ) -> Command | None:
        problem: object
        try:
            answer = await self._client.request(
                server, message.code, message.header, message.body, timeout_s
            )
        except Exception as error:
            problem = error
        else:
            if answer.code == ResponseCode.SUCCESS:
                self._note_answer(server)
                return answer
            problem = f"code {answer.code}, {answer.remark}"
        if server not in self._silent and self.running:
            self._silent.add(server)
            self._log.warn(
                "name server {server} does not take the registration: {problem}",
                server=server,
                problem=problem,
            )
        return None

    def _note_answer(self, server: str) -> None:
        if server in self._silent or server not in self._known:
            self._silent.discard(server)
            self._known.add(server)
            self._log.info("registered with name server {server}", server=server)

    async def _say_farewell(self) -> None:
        if self._round is not None:
            self._round.cancel()
        message = self._announcements().unregister()
        servers = await self._name_servers.current()
        reachable = [server for server in servers if server not in self._silent]
        await self._ask_all(reachable, message, FAREWELL_TIMEOUT_S)

    def _announcements(self) -> Announcements:
        return Announcements(self._identity.value, *self._addresses())

    def _cancel_next_round(self) -> None:
        if self._next_round is not None:
            self._next_round.cancel()
            self._next_round = None

    def _unexpected(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self._log.failure("the registration failed", failure)


def _is_outdated(answer: Command, version: DataVersion) -> bool:
    if answer.fields.get("changed") != "false":
        return True
    if not answer.body:
        return False
    return loose_json.decode(answer.body, type=DataVersion) != version
