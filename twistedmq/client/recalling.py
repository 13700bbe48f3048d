"""Calling back a message that waits for its time."""

from twisted.internet.defer import Deferred

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.routing import Routes, TopicRoute
from twistedmq.client.watching import Watch
from twistedmq.protocol import names
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers.send import (
    RecallMessageRequestHeader,
    RecallMessageResponseHeader,
)
from twistedmq.protocol.recall_handle import parse_recall_handle


class Recall:
    """One call.

    Args:
        group: of the producer.
        topic: where the message was sent to.
        handle: from its receipt.

    Raises:
        MessageIllegalError: the name of the topic is not allowed.
        RecallHandleError: *handle* is none.
    """

    def __init__(self, group: str, topic: str, handle: str) -> None:
        names.check_topic(topic)
        self._broker_name = parse_recall_handle(handle).broker_name
        self._header = RecallMessageRequestHeader(
            producer_group=group,
            topic=topic,
            recall_handle=handle,
            target_broker=self._broker_name,
        )

    def send(
        self, routes: Routes, calls: BrokerCalls, watch: Watch | None
    ) -> Deferred[str]:
        """Ask the broker that has it; fires with the id of the message."""

        def ask(_: TopicRoute) -> Deferred[Command]:
            address = routes.address(self._broker_name)
            return calls.ask(address, RequestCode.RECALL_MESSAGE, self._header)

        def read(answer: Command) -> str:
            header = decode_fields(RecallMessageResponseHeader, answer.fields)
            if watch is not None:
                watch.recalled(self._header.topic, header.msg_id, answer)
            return header.msg_id

        return routes.get(self._header.topic).addCallback(ask).addCallback(read)
