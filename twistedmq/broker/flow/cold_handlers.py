"""Cold reads: what stands before pulls, and what operators ask. Source:
AdminBrokerProcessor, PullMessageProcessor.
"""

from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.flow.cold_limits import MAX_BYTES
from twistedmq.broker.flow.cold_reads import ColdReads
from twistedmq.broker.flow.read_holds import ReadHolds
from twistedmq.config.properties_file import PropertiesError, parse
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import ConsumeType
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import BusyError, FieldError
from twistedmq.protocol.headers import PullMessageRequestHeader
from twistedmq.remoting.interfaces import Handler, HandlerTable, Request

HOLD_S: Final = 3.0
"""How long pulls of programs that pull by themselves are held."""
_PULLS: Final = (RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE)


class ColdReadError(BusyError):
    """The group has read enough from the disk for the moment."""

    def __init__(self) -> None:
        """Say so in the genuine words."""
        super().__init__(
            "This consumer group is reading cold data. It has been flow control"
        )


class ColdHandlers:
    """Puts off cold reads; tells and changes the limits.

    Args:
        cold: knows who has read how much.
        holds: keeps pulls of programs that pull by themselves.
        clients: whether consumers do so.
    """

    def __init__(
        self, cold: ColdReads, holds: ReadHolds, clients: ClientManager
    ) -> None:
        self._cold = cold
        self._holds = holds
        self._clients = clients

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG: self.update,
            RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG: self.remove,
            RequestCode.GET_COLD_DATA_FLOW_CTR_INFO: self.info,
        }

    def guarded(self, table: HandlerTable) -> dict[int, Handler]:
        """Give handlers that look at pulls before they are served."""
        return {
            code: self._before(handler) if code in _PULLS else handler
            for code, handler in table.items()
        }

    def _before(self, handler: Handler) -> Handler:
        cold, clients, holds = self._cold, self._clients, self._holds

        def sparingly(request: Request) -> Reply | Deferred[Reply]:
            """Serve a pull that has waited: it is not refused, it may be no error."""
            header: PullMessageRequestHeader = request.header
            if cold.must_wait(header.topic, header.consumer_group, header.queue_id):
                header.max_msg_nums = 1
            return handler(request)

        def handle(request: Request) -> Reply | Deferred[Reply]:
            if not cold.are_there:
                return handler(request)
            header: PullMessageRequestHeader = request.header
            group = header.consumer_group
            if cold.must_wait(header.topic, group, header.queue_id):
                cold.delayed()
                known = clients.consumer_group(group)
                if known and known.consume_type is ConsumeType.CONSUME_PASSIVELY:
                    raise ColdReadError
                # A program that pulls by itself would take a refusal for a failure.
                return holds.hold(request, sparingly, HOLD_S) or sparingly(request)
            return handler(request)

        return handle

    def update(self, request: Request) -> Reply:
        """Give groups limits of their own: lines of GROUP=BYTES; all of them or none.

        Raises: FieldError.
        """
        try:
            entries = parse(bytes(request.command.body).decode())
            limits = {entry.key: int(entry.value) for entry in entries}
        except (UnicodeDecodeError, PropertiesError, ValueError) as error:
            raise FieldError(
                "cold read limits", f"want GROUP=BYTES: {error}"
            ) from error
        for group, size in limits.items():
            if not 0 <= size <= MAX_BYTES:
                raise FieldError(
                    "cold read limits", f"{group}={size} is not from 0 to {MAX_BYTES}"
                )
        for group, size in limits.items():
            self._cold.limits.set(group, size)
        return Reply()

    def remove(self, request: Request) -> Reply:
        """Take a group's limit away; the body is its name."""
        group = bytes(request.command.body).decode(errors="replace").strip()
        self._cold.limits.remove(group)
        return Reply()

    def info(self, _request: Request) -> Reply:
        """Give the limits, and what groups have read."""
        return Reply(body=loose_json.encode(self._cold.info()))
