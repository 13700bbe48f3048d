"""How much one connection may send, and how much may be sent to one topic."""

from collections.abc import Callable

from twistedmq.broker.flow.rates import SENDS, Pair, RateTable, TooFastError
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.flow import FlowConfig
from twistedmq.config.live import Live
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.send_decoding import DecodedSends
from twistedmq.remoting.interfaces import IConnection


class Quotas(RateTable):
    """Says which sends are too much."""

    def __init__(
        self, topics: TopicTable, config: Live[FlowConfig], seconds: Callable[[], float]
    ) -> None:
        """Take limits from *config* and from the attributes of *topics*."""
        super().__init__(SENDS, topics, config, seconds)

    def exceeded(
        self, sends: DecodedSends, connection: IConnection
    ) -> dict[int, TwistedMQError]:
        """Give, by request, what is wrong with those that are too much.

        The others are counted.
        """
        now_s = self.seconds()
        try:
            pair = self.of_client(connection, now_s)
        except TooFastError as error:
            self.refused(error.limit, len(sends.opaques))
            return dict.fromkeys(range(len(sends.opaques)), error)
        wrong: dict[int, TwistedMQError] = {}
        topics = {t: self._checked(t, now_s) for t in set(sends.batch.topics)}
        first = 0
        for request, count in enumerate(sends.counts):
            size = sum(map(len, sends.batch.bodies[first : first + count]))
            found = topics[sends.batch.topics[first]]
            first += count
            if isinstance(found, TooFastError):
                self.refused(found.limit, 1)
                wrong[request] = found
                continue
            for each in (pair, found):
                if each is not None:
                    each.take(count, size)
        return wrong

    def _checked(self, topic: str, now_s: float) -> Pair | TooFastError | None:
        """Give the buckets of a topic, if it has limits, or what is wrong with it."""
        try:
            return self.of_topic(topic, now_s)
        except TooFastError as error:
            return error
