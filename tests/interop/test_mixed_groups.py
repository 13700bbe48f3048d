"""Members in Java and here in one group: they share the queues, and lose nothing."""

import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import peer
import pytest
import pytest_twisted
from client_scenarios import Cluster, Running, reactor, unique, until
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import LoopingCall

from twistedmq import Message, ReceivedMessage
from twistedmq.client.allocation import AverageAllocation, ConsistentHashAllocation
from twistedmq.client.selection import ByFunction

MEMBER = Path(__file__).parent / "members" / "Member.java"
QUEUES = 4
KINDS = ("concurrent", "orderly", "hash")
Got = tuple[str, int, int, str]
"""Who got it, from which queue, at which offset, and the body."""


class Java(ProcessProtocol):
    """Genuine members in a process of their own, one of each group."""

    def __init__(self, book: "Book") -> None:
        self.queues: dict[str, list[int]] = {}
        self.ended: Deferred[None] = Deferred()
        self.errors = b""
        self._book = book
        self._rest = b""

    def errReceived(self, data: bytes) -> None:
        """Keep what they complain of."""
        self.errors += data

    def outReceived(self, data: bytes) -> None:
        """Note what they say."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            word, *parts = line.decode().split(" ")
            if word == "got":
                group, queue_id, offset, body = parts
                self._book.note(group, ("java", int(queue_id), int(offset), body))
            elif word == "queues":
                self.queues[parts[0]] = [int(each) for each in parts[1:]]

    def processEnded(self, reason: Any) -> None:
        """Tell that it is gone."""
        self.ended.callback(None)

    def leave(self) -> Deferred[None]:
        """Have the members leave their groups."""
        assert self.transport
        self.transport.closeStdin()
        return self.ended

    async def end(self) -> None:
        """See that the process is gone."""
        if not self.ended.called:
            assert self.transport
            with suppress(ProcessExitedAlready):
                self.transport.signalProcess("KILL")
            await self.ended


class Book:
    """What the members of each group got."""

    def __init__(self) -> None:
        self.got: dict[str, list[Got]] = {}

    def note(self, group: str, got: Got) -> None:
        self.got.setdefault(group, []).append(got)

    def bodies(self, group: str) -> set[str]:
        return {body for *_, body in self.got.get(group, [])}


class Groups:
    """Three groups over a topic each, our members of them, and a steady load."""

    def __init__(self, cluster: Cluster, home: str) -> None:
        self.cluster = cluster
        self.javas: list[Java] = []
        self.book = Book()
        self.running = Running()
        self.sent: dict[str, set[str]] = {}
        self.members: dict[str, Any] = {}
        self._home = home
        self._topics: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._number = 0

    async def make(self) -> None:
        """Make topics and groups."""
        for kind in KINDS:
            group = unique(f"C_{kind}")
            self._kinds[group] = kind
            self._topics[group] = await self.cluster.topic(QUEUES)
            self.sent[group] = set()

    def join(self) -> None:
        """Have a member of ours in each group."""
        for group, kind in self._kinds.items():
            hashed = kind == "hash"
            consumer = self.cluster.consumer(
                group,
                self._topics[group],
                orderly=kind == "orderly",
                allocation=(
                    ConsistentHashAllocation() if hashed else AverageAllocation()
                ),
            )

            def note(message: ReceivedMessage, group: str = group) -> None:
                queue_id, offset = message.queue.queue_id, message.queue_offset
                got = "ours", queue_id, offset, message.body.decode()
                self.book.note(group, got)

            self.members[group] = self.running.run(consumer, note)

    async def leave(self) -> None:
        """Have our members leave."""
        await self.running.close()
        self.running = Running()
        self.members.clear()

    def java(self) -> Java:
        """Have a genuine member in each group."""
        java = Java(self.book)
        specs = [f"{g}:{self._topics[g]}:{kind}" for g, kind in self._kinds.items()]
        logs = [f"-Drocketmq.client.logRoot={self._home}/logs"]
        command = peer.java(
            str(MEMBER), self.cluster.namesrv, *specs, home=self._home, jvm=logs
        )
        reactor.spawnProcess(java, command[0], command, env=None, path=self._home)
        self.javas.append(java)
        return java

    async def end(self) -> None:
        """End whatever still runs, after a failure too."""
        for java in self.javas:
            await java.end()
        await self.leave()

    def owners(self, java: Java | None) -> dict[str, list[int]]:
        """Give for each group the queues of all its members, those owned twice too."""
        owned = {}
        for group, topic in self._topics.items():
            here = self.members[group].queues if self.members else []
            mine = [queue.queue_id for queue in here if queue.topic == topic]
            owned[group] = sorted(mine + (java.queues.get(group, []) if java else []))
        return owned

    @asynccontextmanager
    async def load(self, producer: Any) -> AsyncIterator[None]:
        """Send all the time."""
        load = LoopingCall(lambda: Deferred.fromCoroutine(self.send(producer)))
        loading = load.start(0.02)
        try:
            yield
        finally:
            if load.running:
                load.stop()
            await loading

    def topic(self, group: str) -> str:
        """Give what *group* consumes."""
        return self._topics[group]

    async def send(self, producer: Any) -> None:
        """Send one message to a queue of each topic."""
        self._number += 1
        number, body = self._number, f"m-{self._number}"
        to_queue = ByFunction(lambda _, queues: queues[number % QUEUES])
        for group, topic in self._topics.items():
            await producer.send(Message(topic, body.encode()), selection=to_queue)
            self.sent[group].add(body)

    async def consumed(self) -> None:
        """Wait until every group has got all that was sent."""
        await until(
            "everything consumed",
            lambda: all(self.sent[g] <= self.book.bodies(g) for g in self.sent),
            40,
        )


@pytest.fixture
def groups(cluster: Cluster) -> Iterator[Groups]:
    with tempfile.TemporaryDirectory(prefix="twistedmq-member-") as home:
        groups = Groups(cluster, home)
        yield groups
        pytest_twisted.blockon(Deferred.fromCoroutine(groups.end()))


async def shared(
    groups: Groups, java: Java | None, both: Callable[[], bool] | None = None
) -> None:
    """Wait until each queue has one owner in each group, and *both* is true."""

    def is_shared() -> bool:
        owned = groups.owners(java).values()
        good = all(queues == list(range(QUEUES)) for queues in owned)
        return good and (both is None or both())

    try:
        await until("shared out", is_shared, 60)
    except AssertionError as error:
        here = groups.owners(None)
        text = f"ours {here}"
        if java is not None:
            gone = " (which has ended)" if java.ended.called else ""
            text += f", in Java{gone} {java.queues} {java.errors.decode()}"
        raise AssertionError(text) from error


@pytest_twisted.ensureDeferred
async def test_members_in_java_and_here_share_and_take_over(
    cluster: Cluster, groups: Groups
) -> None:
    await groups.make()
    first, second, _ = groups.sent
    async with cluster.producer() as producer, groups.load(producer):
        groups.join()
        await shared(groups, None)
        java = groups.java()

        def half_each() -> bool:
            mine = [java.queues.get(each, []) for each in (first, second)]
            return [len(each) for each in mine] == [2, 2]

        await shared(groups, java, half_each)
        sent = len(groups.sent[first])
        await until("both consume", lambda: len(groups.sent[first]) > sent + 50)
        await groups.leave()
        await shared(groups, java)
        groups.join()
        await shared(groups, java, half_each)
        await tell_alike(groups, first)
        await java.leave()
        await shared(groups, None)
    await groups.consumed()
    await groups.leave()
    for group, got in groups.book.got.items():
        kind = group.split("_")[1]
        times = Counter(body for *_, body in got)
        again = sum(times.values()) - len(times)
        assert {who for who, *_ in got} == {"java", "ours"}
        # what is in work, or not committed yet, when a queue changes hands
        assert again <= (0 if kind == "orderly" else len(times) // 5), (kind, again)
        if kind == "orderly":
            in_order(got)


async def tell_alike(groups: Groups, group: str) -> None:
    """See that both members say of the load what it is: 50 a second for both."""
    async with groups.cluster.admin() as admin:
        ours = groups.members[group].client_id
        online = await admin.clients.consumers(group)
        [theirs] = {each.client_id for each in online.connection_set} - {ours}

        async def there() -> bool:
            info = await admin.clients.running_info(group, theirs)
            return any(each.consume_ok_tps for each in info.status_table.values())

        # it takes its first sample of a topic after ten seconds
        await until("rates are known", there)
        tables = [
            (await admin.clients.running_info(group, each)).status_table
            for each in (ours, theirs)
        ]
    assert tables[0].keys() == tables[1].keys()
    for rates in (table[groups.topic(group)] for table in tables):
        # who has only just joined divides by the ten seconds of its first sample
        assert 0 < rates.pull_tps < 60
        assert 0 < rates.consume_ok_tps < 60
        assert 1 < rates.pull_rt < 1000
        assert 0 <= rates.consume_rt < 50
        assert (rates.consume_failed_tps, rates.consume_failed_msgs) == (0, 0)


def in_order(got: list[Got]) -> None:
    """See that each member got rising offsets, and nobody what another had."""
    reached: dict[tuple[str, int], int] = {}
    for who, queue_id, offset, _ in got:
        assert offset > reached.get((who, queue_id), -1)
        reached[who, queue_id] = offset
