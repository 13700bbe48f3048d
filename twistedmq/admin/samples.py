"""Figures of a whole cluster at one moment, as its brokers tell them."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from twisted.internet.defer import (
    DeferredSemaphore,
    TimeoutError,
    gatherResults,
)

from twistedmq.admin.brokers import Brokers
from twistedmq.admin.cluster import BrokerPlace, Cluster
from twistedmq.admin.offsets import BrokerProgress, Offsets
from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.client.errors import RefusedError
from twistedmq.client.reactor import Clock
from twistedmq.client.routing import MASTER_ID
from twistedmq.protocol import loose_json, names
from twistedmq.protocol.bodies.topics import TopicStatsTable
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers.topics import GetTopicStatsInfoRequestHeader

PATIENCE_S: Final = 3.0
"""After that a broker counts as one that does not answer."""
AT_ONCE: Final = 20
"""Topics that a broker is asked about at a time."""


class TopicSample(Struct, frozen=True):
    """One topic on one broker."""

    at_s: float
    """When, on the reactor's clock."""
    stored: int
    """Messages stored since the topic was made: all queues' ends together."""


class GroupSample(Struct, frozen=True):
    """How far one group is on one broker, in all its topics."""

    at_s: float
    consumed: int
    """All its offsets together."""
    lag: dict[str, int]
    """Messages stored and not consumed, by topic."""


class BrokerSample(Struct, frozen=True, kw_only=True):
    """One broker at one moment."""

    place: BrokerPlace
    at_s: float
    is_registered: bool = True
    """Whether a name server still knows it."""
    error: str | None = None
    """Why it tells nothing."""
    incomplete: str | None = None
    """Why it tells nothing of topics and groups."""
    figures: dict[str, str] = {}
    """As ``Brokers.runtime`` gives them."""
    topics: dict[str, TopicSample] = {}
    """Of a master only."""
    groups: dict[str, GroupSample] = {}


class ClusterSample(Struct, frozen=True):
    """All brokers at one moment."""

    at_ms: int
    brokers: tuple[BrokerSample, ...]
    error: str | None = None
    """Why no name server could be asked; brokers are those known before."""


class Samples:
    """Asks all brokers at once; what one of them does not tell is left out.

    Args:
        cluster: knows which brokers there are.
        brokers: ask them.
        offsets: ask them how far groups are.
        calls: for what else they are asked.
        clock: the reactor's.
        wall_ms: the time of day.
    """

    def __init__(
        self,
        cluster: Cluster,
        brokers: Brokers,
        offsets: Offsets,
        calls: BrokerCalls,
        clock: Clock,
        wall_ms: Callable[[], int],
    ) -> None:
        self._cluster = cluster
        self._brokers = brokers
        self._offsets = offsets
        self._calls = calls
        self._clock = clock
        self._wall_ms = wall_ms

    @gives_deferred
    async def take(self, before: ClusterSample | None = None) -> ClusterSample:
        """Give how it is now; with *before* this never fails.

        Args:
            before: the one taken before: its brokers are asked as well, also if no
                name server knows them any more.

        Raises:
            NoNameServerError: none answers, and there is no *before*.
        """
        known = [] if before is None else [each.place for each in before.brokers]
        registered: list[BrokerPlace] = []
        error = None
        try:
            registered = await self._cluster.brokers()
        except TwistedMQError as failure:
            if before is None:
                raise
            error = str(failure)
        places = sorted({*registered, *known})
        asked = [
            self._broker(place, is_registered=error is not None or place in registered)
            for place in places
        ]
        brokers = await unwrapped(gatherResults(asked, consumeErrors=True))
        return ClusterSample(self._wall_ms(), tuple(brokers), error)

    @gives_deferred
    async def _broker(self, place: BrokerPlace, *, is_registered: bool) -> BrokerSample:
        """Ask one broker; what goes wrong is told in the sample."""
        try:
            asked = self._brokers.runtime(place.address)
            figures = await asked.addTimeout(PATIENCE_S, self._clock)
        except (TwistedMQError, TimeoutError) as error:
            return BrokerSample(
                place=place,
                at_s=self._clock.seconds(),
                is_registered=is_registered,
                error=_reason(error),
            )
        at_s = self._clock.seconds()
        topics: dict[str, TopicSample] = {}
        groups: dict[str, GroupSample] = {}
        incomplete = None
        try:
            if place.broker_id == MASTER_ID:
                progress = await self._offsets.all_at(place.address)
                groups = group_samples(progress, self._clock.seconds())
                topics = await self._topics(place.address, progress)
        except TwistedMQError as error:
            incomplete = str(error)
        return BrokerSample(
            place=place,
            at_s=at_s,
            is_registered=is_registered,
            incomplete=incomplete,
            figures=figures,
            topics=topics,
            groups=groups,
        )

    async def _topics(
        self, address: str, progress: BrokerProgress
    ) -> dict[str, TopicSample]:
        """Give the topics of a broker.

        Those that somebody consumes were told with the progress of the groups already.
        """
        found = topic_samples(progress, self._clock.seconds())
        config = await self._brokers.topics(address)
        turns = DeferredSemaphore(AT_ONCE)
        missing = [
            topic
            for topic in config.topic_config_table
            if topic not in found and not names.is_system_topic(topic)
        ]
        asked = [turns.run(self._topic, address, topic) for topic in missing]
        samples = await unwrapped(gatherResults(asked, consumeErrors=True))
        for topic, sample in zip(missing, samples, strict=True):
            if sample is not None:
                found[topic] = sample
        return found

    @gives_deferred
    async def _topic(self, address: str, topic: str) -> TopicSample | None:
        """Give one topic; None: it was deleted since its name was told."""
        header = GetTopicStatsInfoRequestHeader(topic=topic)
        code = RequestCode.GET_TOPIC_STATS_INFO
        try:
            answer = await self._calls.ask(address, code, header)
        except RefusedError as error:
            if error.code != ResponseCode.TOPIC_NOT_EXIST:
                raise
            return None
        table = loose_json.decode(answer.body, type=TopicStatsTable).offset_table
        stored = sum(each.max_offset for each in table.values())
        return TopicSample(self._clock.seconds(), stored)


def group_samples(progress: BrokerProgress, at_s: float) -> dict[str, GroupSample]:
    """Sum up how far groups are on one broker."""
    found = {}
    for group, queues in progress.groups.items():
        lag: dict[str, int] = {}
        for queue, each in queues.items():
            lag[queue.topic] = lag.get(queue.topic, 0) + max(each.lag, 0)
        consumed = sum(each.committed for each in queues.values())
        found[group] = GroupSample(at_s, consumed, lag)
    return found


def topic_samples(progress: BrokerProgress, at_s: float) -> dict[str, TopicSample]:
    """Give the ends of those topics that somebody consumes."""
    ends = {
        queue: each.end
        for queues in progress.groups.values()
        for queue, each in queues.items()
    }
    stored: dict[str, int] = {}
    for queue, end in ends.items():
        stored[queue.topic] = stored.get(queue.topic, 0) + end
    return {topic: TopicSample(at_s, each) for topic, each in stored.items()}


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {PATIENCE_S:g} s"
    return str(error)
