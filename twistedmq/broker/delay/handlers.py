"""GET_ALL_DELAY_OFFSET: how far the levels are, for replicas and tools."""

from twistedmq.broker.delay.progress import DelayProgress
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DelayOffsetSerializeWrapper
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.remoting.interfaces import HandlerTable, Request


class DelayHandlers:
    """Serves GET_ALL_DELAY_OFFSET."""

    def __init__(self, progress: DelayProgress) -> None:
        self._progress = progress

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
