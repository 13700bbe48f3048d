"""GET_ALL_DELAY_OFFSET: how far the levels are, for replicas and tools."""

from twistedmq.broker.delay.diversion import queue_of
from twistedmq.broker.delay.progress import DelayProgress
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DelayOffsetSerializeWrapper
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.interfaces import IMessageReader


class DelayHandlers:
    """Serves GET_ALL_DELAY_OFFSET."""

    def __init__(self, progress: DelayProgress, store: IMessageReader) -> None:
        """Tell *progress*; *store* knows how many messages wait."""
        self._progress = progress
        self._store = store

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {RequestCode.GET_ALL_DELAY_OFFSET: self.offsets}

    def offsets(self, request: Request) -> Reply:
        """Give what delayOffset.json would hold now."""
        wrapper = DelayOffsetSerializeWrapper(
            data_version=self._progress.data_version,
            offset_table=self._progress.offsets(),
        )
        return Reply(body=loose_json.encode(wrapper))

    def runtime_figures(self) -> dict[str, object]:
        """Give what GET_BROKER_RUNTIME_INFO says: how far of how many, by level."""
        bounds = self._store.queue_bounds
        return {
            f"scheduleMessageOffset_{level}": (
                f"{offset},{bounds(SCHEDULE_TOPIC, queue_of(level))[1]}"
            )
            for level, offset in self._progress.offsets().items()
        }
