"""VIEW_BROKER_STATS_DATA: one counter by its name and key. Source:
AdminBrokerProcessor.
"""

from twisted.internet.defer import Deferred

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.statistics.counter import Rate
from twistedmq.broker.statistics.fall_behind import MOMENTARY, FallBehind
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import BrokerStatsData, BrokerStatsItem
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers import ViewBrokerStatsDataRequestHeader
from twistedmq.remoting.interfaces import HandlerTable, Request


class StatsHandlers:
    """Tells counters.

    Args:
        counters: what went through.
        fall_behind: how far behind groups read.
    """

    def __init__(self, counters: BrokerCounters, fall_behind: FallBehind) -> None:
        self._counters = counters
        self._fall_behind = fall_behind

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {RequestCode.VIEW_BROKER_STATS_DATA: self.stats}

    def stats(self, request: Request) -> Reply | Deferred[Reply]:
        """Give one counter over the last minute, hour and day."""
        header: ViewBrokerStatsDataRequestHeader = request.header
        if header.stats_name in MOMENTARY:
            return Deferred.fromCoroutine(self._moment(header))
        rates = self._counters.rates(header.stats_name, header.stats_key)
        if rates is None:
            raise _unknown(header)
        minute, hour, day = map(_item, rates)
        body = BrokerStatsData(stats_minute=minute, stats_hour=hour, stats_day=day)
        return Reply(body=loose_json.encode(body))

    async def _moment(self, header: ViewBrokerStatsDataRequestHeader) -> Reply:
        """Give what is so at the moment, in the place of each while."""
        value = await self._fall_behind.find(header.stats_name, header.stats_key)
        if value is None:
            raise _unknown(header)
        item = BrokerStatsItem(sum=value, tps=0.0, avgpt=float(value))
        body = BrokerStatsData(stats_minute=item, stats_hour=item, stats_day=item)
        return Reply(body=loose_json.encode(body))


def _unknown(header: ViewBrokerStatsDataRequestHeader) -> TwistedMQError:
    return TwistedMQError(
        f"The stats <{header.stats_name}> <{header.stats_key}> not exist"
    )


def _item(rate: Rate) -> BrokerStatsItem:
    return BrokerStatsItem(sum=rate.total, tps=rate.per_second, avgpt=rate.average)
