"""Pulling by hand: every queue and every offset is the program's own business."""

from typing import Any, Self

from twisted.internet.defer import Deferred

from twistedmq.client.arguments import check_range, to_ms
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.lookups import Lookups
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.nameserver_sources import Nameservers
from twistedmq.client.pull_batch import PullBatch, read_batch
from twistedmq.client.pull_source import PullSource
from twistedmq.client.queue_client import QueueClient
from twistedmq.client.retrying import open_retries
from twistedmq.client.routing import MASTER_ID
from twistedmq.client.session import ClientSettings, Session, merged_settings
from twistedmq.client.subscription import Subscription
from twistedmq.protocol import names
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.headers.pull import PullMessageRequestHeader
from twistedmq.protocol.numbers import INT64_MAX
from twistedmq.protocol.system_flags import pull_sys_flag
from twistedmq.remoting.errors import RemotingError

BATCH = 32
LARGEST_BATCH = 1024
"""Brokers give less where that is their limit."""
TIMEOUT_S = 10.0
"""For the answer to a pull, beside what it may wait."""


class PullConsumer(QueueClient):
    """Reads queues at any offset, and keeps the progress of a group where it is told.

    ::

        async with PullConsumer("audit") as consumer:
            for queue in await consumer.queues("orders"):
                offset = await consumer.committed(queue) or 0
                batch = await consumer.pull(queue, offset)
                for message in batch.messages:
                    await check(message.body)
                await consumer.commit(queue, batch.next_offset)

    Nothing goes on by itself, and nobody shares queues out: members of the group agree
    among themselves. For that, see ``LitePullConsumer``.

    All calls fail with an error of the remoting room where a broker cannot be reached,
    with RefusedError where it says no, with RouteNotFoundError or BrokerNotFoundError
    where there is none, and with ArgumentError before anything is sent.

    Args:
        group: whose progress is kept.
        nameservers: as for ``Producer``.
        max_reconsume_times: for ``send_back``: after so many times a message goes to
            the dead letters.
        settings: what else clients can be told; *nameservers* goes before it.
        reactor: None: the global one.
    """

    def __init__(
        self,
        group: str,
        *,
        nameservers: Nameservers = None,
        max_reconsume_times: int = 16,
        settings: ClientSettings | None = None,
        reactor: Any = None,
    ) -> None:
        session = Session(merged_settings(settings, nameservers, reactor))
        super().__init__(group, session)
        self._lookups = Lookups(session.calls, session.routes)
        self._sources: dict[str, PullSource] = {}
        self._retries = open_retries(session, group, max_reconsume_times)

    def start(self) -> Deferred[Self]:
        """Find the name servers; fails with NoNameServerError."""
        return super().start()

    def close(self) -> Deferred[None]:
        """Disconnect. What was not committed is not."""
        return super().close()

    @gives_deferred
    async def pull(
        self,
        queue: MessageQueue,
        offset: int,
        count: int = BATCH,
        expression: str = "*",
        *,
        wait_s: float = 0.0,
    ) -> PullBatch:
        """Read up to *count* messages of a queue.

        Args:
            queue: one of ``queues``.
            offset: where to begin.
            count: 1 to 1024; a broker gives 32 at most unless it is set otherwise.
            expression: ``*``, tags joined by ``||``, or an ``Sql``.
            wait_s: how long the broker may wait for a message if there is none.
        """
        self._must_run()
        check_range("offset", offset, 0, INT64_MAX)
        check_range("count", count, 1, LARGEST_BATCH)
        wait_ms = to_ms("wait_s", wait_s)
        subscription = Subscription.of(queue.topic, expression, self._session.wall_ms())
        header = PullMessageRequestHeader(
            consumer_group=self.group,
            topic=queue.topic,
            queue_id=queue.queue_id,
            queue_offset=offset,
            max_msg_nums=count,
            sys_flag=pull_sys_flag(
                commit_offset=False, suspend=wait_ms > 0, subscription=True
            ),
            commit_offset=0,
            suspend_timeout_millis=wait_ms,
            subscription=subscription.expression,
            sub_version=subscription.version,
            expression_type=subscription.expression_type,
            target_broker=queue.broker_name,
        )
        source = await self._source(queue)
        address, _ = source.where()
        try:
            answer = await self._session.calls.pull(address, header, wait_s + TIMEOUT_S)
        except RemotingError:
            source.suggested = MASTER_ID
            self._session.routes.refresh(queue.topic).addErrback(lambda _: None)
            raise
        source.suggested = answer.header.suggest_which_broker_id
        return read_batch(answer, queue, subscription, offset)

    @gives_deferred
    async def commit(self, queue: MessageQueue, offset: int) -> None:
        """Have the broker keep *offset* for the group: the first one not done yet."""
        check_range("offset", offset, 0, INT64_MAX)
        address = await self._master(queue)
        await self._session.calls.commit(address, self.group, queue, offset)

    @gives_deferred
    async def view(self, topic: str, message_id: str) -> ReceivedMessage:
        """Give a message by the id that its sender or its broker gave it.

        Fails with MessageNotFoundError.
        """
        self._must_run()
        names.check_topic(topic)
        return await self._lookups.find(topic, message_id)

    @gives_deferred
    async def send_back(self, message: ReceivedMessage, delay_level: int = 0) -> None:
        """Have *message* put into the group's retry topic, to come again later.

        Args:
            message: one that was pulled.
            delay_level: see ``RetryLater``.
        """
        self._must_run()
        await self._retries.give_back(message, delay_level)

    async def _source(self, queue: MessageQueue) -> PullSource:
        await self._session.routes.get(queue.topic)
        name = queue.broker_name
        if name not in self._sources:
            self._sources[name] = PullSource(self._session.routes, name)
        return self._sources[name]

    async def _start(self) -> None:
        await self._join()

    async def _close(self) -> None:
        self._retries.stop()
        await self._part()
