"""Tells the members of a group that its membership or topics changed.

They then rebalance at once instead of at their next round (20 s).
"""

from twisted.internet.interfaces import IReactorTime

from twistedmq.broker.clients.consumer_group import ConsumerGroup
from twistedmq.config.broker import GroupDefaults
from twistedmq.config.live import Live
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers import NotifyConsumerIdsChangedRequestHeader


class RebalanceNotifier:
    """Sends NOTIFY_CONSUMER_IDS_CHANGED, once a turn of the reactor and group.

    When a hundred members come or go together, each remaining one is told once.
    """

    def __init__(self, clock: IReactorTime, config: Live[GroupDefaults]) -> None:
        """Wait for the end of a turn with *clock*; *config* may turn this off."""
        self._clock = clock
        self._config = config
        self._changed: dict[str, ConsumerGroup] = {}

    def group_changed(self, group: ConsumerGroup) -> None:
        """Have the members of *group* told soon."""
        if not self._config.value.notify_changes:
            return
        if not self._changed:
            self._clock.callLater(0, self._tell)
        self._changed[group.name] = group

    def _tell(self) -> None:
        changed, self._changed = self._changed, {}
        for group in changed.values():
            header = NotifyConsumerIdsChangedRequestHeader(consumer_group=group.name)
            for connection in list(group.members):
                connection.send_one_way(
                    RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, header, b""
                )
