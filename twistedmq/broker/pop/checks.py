"""Who may pop or peek what. The order of the checks is the genuine one.

Source: PopMessageProcessor, PeekMessageProcessor.
"""

from typing import Final

from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.pop.errors import TimersNeededError
from twistedmq.broker.pull.errors import FAQ, ReadingGroupNotFoundError
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol.errors import (
    InvalidParameterError,
    PermissionDeniedError,
    TopicNotFoundError,
)
from twistedmq.protocol.system_flags import is_readable
from twistedmq.remoting.interfaces import IConnection

MOST_MESSAGES: Final = 32
"""Messages that one pop may ask for."""


class PopChecks:
    """Looks at a request before anything is read.

    Args:
        topics: which may be read.
        groups: which may consume.
        identity: this broker's permission.
        timers: whether there are any; checkpoints wait there.
        host: this broker's address, which is in the genuine texts.
    """

    def __init__(
        self,
        topics: TopicTable,
        groups: GroupTable,
        identity: Live[BrokerIdentity],
        timers: Live[TimerConfig],
        host: str,
    ) -> None:
        self._topics = topics
        self._groups = groups
        self._identity = identity
        self._timers = timers
        self.host = host

    def check_broker(self, verb: str) -> None:
        """Refuse where the broker as a whole is not to be read."""
        if not is_readable(self._identity.value.permission):
            raise PermissionDeniedError(f"the broker[{self.host}] {verb} is forbidden")

    def check_count(self, count: int) -> None:
        """Refuse to give more than a checkpoint has bits for."""
        if count > MOST_MESSAGES:
            raise InvalidParameterError(
                f"the broker[{self.host}] pop message's num is greater than "
                f"{MOST_MESSAGES}"
            )

    def check_timers(self) -> None:
        """Refuse to lend where nothing would come back."""
        if not self._timers.value.enabled:
            raise TimersNeededError(
                f"the broker[{self.host}] pop message is forbidden because "
                "timerWheelEnable is false"
            )

    def check(
        self, topic_name: str, queue_id: int, group_name: str, connection: IConnection
    ) -> None:
        """Refuse what does not exist, or may not be read.

        Raises: TwistedMQError.
        """
        topic = self._topics.get(topic_name)
        if topic is None:
            raise TopicNotFoundError(topic_name, f", apply first please! {FAQ}")
        if not is_readable(topic.perm):
            raise PermissionDeniedError(
                f"the topic[{topic_name}] peeking message is forbidden"
            )
        if queue_id >= topic.read_queue_nums:
            raise InvalidParameterError(
                f"queueId[{queue_id}] is illegal, topic:[{topic_name}] "
                f"topicConfig.readQueueNums:[{topic.read_queue_nums}] "
                f"consumer:[/{connection.peer}]"
            )
        group = self._groups.get(group_name)
        if group is None:
            raise ReadingGroupNotFoundError(group_name)
        if not group.consume_enable:
            raise PermissionDeniedError(
                f"subscription group no permission, {group_name}"
            )
