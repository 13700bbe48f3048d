"""Requests of clients that pop, as typed calls."""

from collections.abc import Sequence

from msgspec import Struct
from twisted.internet.defer import Deferred

from twistedmq.client.calls import BrokerCalls, must_succeed
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.assignments import (
    SetMessageRequestModeRequestBody,
)
from twistedmq.protocol.bodies.pop import BatchAck, BatchAckMessageRequestBody
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Buffer, Command
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers.notification import (
    NotificationRequestHeader,
    NotificationResponseHeader,
)
from twistedmq.protocol.headers.pop import (
    AckMessageRequestHeader,
    ChangeInvisibleTimeRequestHeader,
    ChangeInvisibleTimeResponseHeader,
    PopMessageRequestHeader,
    PopMessageResponseHeader,
)

GRACE_S = 10.0
"""For an answer, beside what the broker may wait."""

_NOTHING = frozenset({ResponseCode.PULL_NOT_FOUND, ResponseCode.POLLING_TIMEOUT})


class PopAnswer(Struct, frozen=True):
    """What a pop brought."""

    header: PopMessageResponseHeader
    records: Buffer


class PopCalls(BrokerCalls):
    """Asks brokers by address, also what only clients that pop ask."""

    def pop(
        self, address: str, header: PopMessageRequestHeader
    ) -> Deferred[PopAnswer | None]:
        """Take messages for a while; None if there were none in the poll time."""
        timeout_s = header.poll_time / 1000 + GRACE_S
        answer = self._pool.request(
            address, RequestCode.POP_MESSAGE, header, b"", timeout_s
        )
        return answer.addCallback(_read_pop, address)

    def notification(
        self, address: str, header: NotificationRequestHeader
    ) -> Deferred[NotificationResponseHeader]:
        """Wait until there is something to pop."""
        timeout_s = header.poll_time / 1000 + GRACE_S
        answer = self.ask(
            address, RequestCode.NOTIFICATION, header, timeout_s=timeout_s
        )
        return answer.addCallback(
            lambda given: decode_fields(NotificationResponseHeader, given.fields)
        )

    def ack(self, address: str, header: AckMessageRequestHeader) -> Deferred[Command]:
        """Have done with one message."""
        return self.ask(address, RequestCode.ACK_MESSAGE, header)

    def ack_batch(
        self, address: str, broker_name: str, acks: Sequence[BatchAck]
    ) -> Deferred[Command]:
        """Have done with messages of several pops."""
        body = BatchAckMessageRequestBody(acks=list(acks), broker_name=broker_name)
        code = RequestCode.BATCH_ACK_MESSAGE
        return self.ask(address, code, None, loose_json.encode(body))

    def change_invisible(
        self, address: str, header: ChangeInvisibleTimeRequestHeader
    ) -> Deferred[ChangeInvisibleTimeResponseHeader | None]:
        """Lend a message for another time; None where it is done already."""
        code = RequestCode.CHANGE_MESSAGE_INVISIBLETIME
        return self.ask(address, code, header).addCallback(_read_change)

    def set_request_mode(
        self, address: str, body: SetMessageRequestModeRequestBody
    ) -> Deferred[Command]:
        """Say how a group is to consume a topic: by pulls or by pops."""
        data = loose_json.encode(body)
        return self.ask(address, RequestCode.SET_MESSAGE_REQUEST_MODE, None, data)


def _read_pop(answer: Command, address: str) -> PopAnswer | None:
    if answer.code in _NOTHING:
        return None
    must_succeed(answer, address)
    header = decode_fields(PopMessageResponseHeader, answer.fields)
    return PopAnswer(header, answer.body)


def _read_change(answer: Command) -> ChangeInvisibleTimeResponseHeader | None:
    # an ordered pop's message that is done already is answered without times
    if not int(answer.fields.get("popTime", 0)):
        return None
    return decode_fields(ChangeInvisibleTimeResponseHeader, answer.fields)
