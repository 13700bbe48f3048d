"""What went through: messages stored and consumed, by topic and group."""

from msgspec import Struct
from twisted.internet.defer import Deferred, gatherResults

from twistedmq.admin.topics import Topics
from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.client.errors import RefusedError
from twistedmq.client.routing import MASTER_ID
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.groups import ConsumeStats
from twistedmq.protocol.bodies.tables import BrokerStatsData
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers.admin import ViewBrokerStatsDataRequestHeader
from twistedmq.protocol.headers.groups import GetConsumeStatsRequestHeader

TOPIC_PUT = "TOPIC_PUT_NUMS"
"""Messages stored; the key is the topic."""
GROUP_GET = "GROUP_GET_NUMS"
"""Messages given to a group; the key is topic@group."""


class Flow(Struct, frozen=True):
    """What goes to a topic, and from it to one group."""

    topic: str
    group: str | None
    """None: nobody consumes it."""
    lag: int
    """Messages stored and not consumed."""
    in_per_s: float
    out_per_s: float
    in_24h: int
    out_24h: int


class Statistics:
    """The counters of brokers.

    Calls fail with NoNameServerError, RefusedError or an error of the remoting room.
    """

    def __init__(self, topics: Topics, calls: BrokerCalls) -> None:
        self._topics = topics
        self._calls = calls

    @gives_deferred
    async def view(self, address: str, name: str, key: str) -> BrokerStatsData | None:
        """Give one counter of a broker over a minute, an hour and a day.

        None where there is none: nothing was counted under that key yet.
        """
        header = ViewBrokerStatsDataRequestHeader(stats_name=name, stats_key=key)
        code = RequestCode.VIEW_BROKER_STATS_DATA
        try:
            answer = await self._calls.ask(address, code, header)
        except RefusedError:
            return None
        return loose_json.decode(answer.body, type=BrokerStatsData)

    @gives_deferred
    async def flows(self, topic: str) -> list[Flow]:
        """Give what goes through *topic* on all its masters, a row each group.

        Fails with RouteNotFoundError.
        """
        route = await self._topics.route(topic)
        masters = [
            broker.broker_addrs[MASTER_ID]
            for broker in route.broker_datas
            if MASTER_ID in broker.broker_addrs
        ]
        in_per_s, in_24h = await self._sum(masters, TOPIC_PUT, topic)
        groups = await self._topics.consumers(topic)
        if not groups:
            return [Flow(topic, None, 0, in_per_s, 0.0, in_24h, 0)]
        rows = []
        for group in groups:
            out_per_s, out_24h = await self._sum(masters, GROUP_GET, f"{topic}@{group}")
            lag = await self._lag(masters, group, topic)
            rows.append(Flow(topic, group, lag, in_per_s, out_per_s, in_24h, out_24h))
        return rows

    async def _sum(self, masters: list[str], name: str, key: str) -> tuple[float, int]:
        asked = [self.view(address, name, key) for address in masters]
        found = await unwrapped(gatherResults(asked, consumeErrors=True))
        there = [data for data in found if data is not None]
        return (
            sum(data.stats_minute.tps for data in there),
            sum(map(day_sum, there)),
        )

    async def _lag(self, masters: list[str], group: str, topic: str) -> int:
        asked = [self._behind(address, group, topic) for address in masters]
        lags: list[int] = await unwrapped(gatherResults(asked, consumeErrors=True))
        return sum(lags)

    def _behind(self, address: str, group: str, topic: str) -> Deferred[int]:
        header = GetConsumeStatsRequestHeader(consumer_group=group, topic=topic)
        answer = self._calls.ask(address, RequestCode.GET_CONSUME_STATS, header)
        return answer.addCallback(
            lambda told: sum(
                max(offsets.broker_offset - offsets.consumer_offset, 0)
                for offsets in loose_json.decode(
                    told.body, type=ConsumeStats
                ).offset_table.values()
            )
        )


def day_sum(data: BrokerStatsData) -> int:
    """Give the sum over a day; over less while the broker is younger than that."""
    sums = (data.stats_day.sum, data.stats_hour.sum, data.stats_minute.sum)
    return next((total for total in sums if total), 0)
