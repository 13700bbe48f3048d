"""NOTIFICATION: wait until there is something to pop; and how many pops wait.

A proxy asks so, for clients that it cannot let wait by popping. The answer promises
nothing: whoever is told first may pop it all.
Source: NotificationProcessor, PollingInfoProcessor.
"""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.broker.notification.poppable import Poppable
from twistedmq.broker.pop.checks import PopChecks
from twistedmq.broker.pop.held import HeldPop, HeldPops
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import (
    NotificationRequestHeader,
    PollingInfoRequestHeader,
)
from twistedmq.remoting.interfaces import HandlerTable, Request

EARLY_MS: Final = 50
"""An answer leaves so long before its client gives up."""
LONGEST_MS: Final = 86_400_000

_REMARK: Final = "not set any response code"
"""What a genuine broker says with its answer, good as it is."""


class NotificationHandlers:
    """Serves NOTIFICATION and POLLING_INFO.

    Args:
        checks: who may ask for what.
        poppable: looks whether there is something.
        held: keeps notifications that are still to be given.
        pops: the pops that wait, which are counted for POLLING_INFO.
        wall_ms: the clock that clients' times are compared with.
    """

    def __init__(
        self,
        *,
        checks: PopChecks,
        poppable: Poppable,
        held: HeldPops,
        pops: HeldPops,
        wall_ms: Callable[[], int],
    ) -> None:
        self._checks = checks
        self._poppable = poppable
        self._held = held
        self._pops = pops
        self._wall_ms = wall_ms

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.NOTIFICATION: self.notify,
            RequestCode.POLLING_INFO: self.polling_info,
        }

    def notify(self, request: Request) -> Reply | Deferred[Reply]:
        """Say that there is something to pop, now or when there is."""
        header: NotificationRequestHeader = request.header
        self._check(request)
        if self._look(header):
            return _answer(has_message=True)
        wait_s = self._wait_s(header)
        if wait_s <= 0:
            return _answer(has_message=False)
        answered: Deferred[Reply] = Deferred()
        held = HeldPop(
            header.topic,
            header.consumer_group,
            header.queue_id,
            request.connection,
            lambda: answered.callback(_answer(has_message=self._look(header))),
        )
        if not self._held.hold(held, wait_s):
            return _answer(has_message=False, is_full=True)
        return answered

    def polling_info(self, request: Request) -> Reply:
        """Say how many pops wait for messages of a queue, or of any queue."""
        header: PollingInfoRequestHeader = request.header
        self._check(request)
        number = self._pops.count(
            header.topic, header.consumer_group, max(-1, header.queue_id)
        )
        return Reply(header={"pollingNum": f"{number}"}, remark=_REMARK)

    def _check(self, request: Request) -> None:
        header = request.header
        self._checks.check_broker("peeking message")
        self._checks.check(
            header.topic, header.queue_id, header.consumer_group, request.connection
        )

    def _look(self, header: NotificationRequestHeader) -> bool:
        """Say whether there is something; one more that waits is told of what is left.

        Messages that come together wake one request, and who is told takes perhaps one
        message only.
        """
        found = self._poppable.count(header, 2)
        if found > 1:
            self._held.notify_soon(header.topic, header.consumer_group, header.queue_id)
        return found > 0

    def _wait_s(self, header: NotificationRequestHeader) -> float:
        """Say how long a notification may wait, by what its client says.

        What the request needed to come here is taken off, unless the clocks differ so
        much that this cannot be told.
        """
        wait_ms = min(header.poll_time, LONGEST_MS)
        under_way_ms = self._wall_ms() - header.born_time
        if header.born_time > 0 and 0 <= under_way_ms <= wait_ms:
            wait_ms -= under_way_ms
        return (wait_ms - EARLY_MS) / 1000 if header.poll_time > 0 else 0.0


def _answer(*, has_message: bool, is_full: bool = False) -> Reply:
    fields = {
        "hasMsg": "true" if has_message else "false",
        "pollingFull": "true" if is_full else "false",
    }
    return Reply(header=fields, remark=_REMARK)
