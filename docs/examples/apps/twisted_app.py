"""A Twisted application: an order comes by HTTP, a message tells of it, it is billed.

    python twisted_app.py [PORT]

Name servers: the environment variable NAMESRV_ADDR, or 127.0.0.1:9876.
"""

import json
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.task import react
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from twistedmq import Consumer, Message, Producer, Receipt, ReceivedMessage, StartFrom

billed: dict[str, int] = {}
"""By order number; another application would have a database."""


async def bill(message: ReceivedMessage) -> None:
    """Bill one order; raising would have the message come again later."""
    order = json.loads(message.body)
    billed[order["number"]] = order["amount"]


class Orders(Resource):
    """POST takes an order."""

    isLeaf = True

    def __init__(self, producer: Producer) -> None:
        super().__init__()
        self._producer = producer

    def render_POST(self, request: Request) -> int:
        """Answer when the broker has said that the message is safe."""
        assert request.content is not None
        body = request.content.read()
        number = json.loads(body)["number"]
        sent = self._producer.send(Message("orders", body, keys=number))
        sent.addCallback(self._sent, request).addErrback(self._failed, request)
        return NOT_DONE_YET

    def _sent(self, receipt: Receipt, request: Request) -> None:
        request.setResponseCode(202)
        request.write(json.dumps({"message": receipt.message_id}).encode())
        request.finish()

    def _failed(self, failure: Failure, request: Request) -> None:
        request.setResponseCode(503)
        request.write(failure.getErrorMessage().encode())
        request.finish()


class Billed(Resource):
    """GET gives what was billed here."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Give it."""
        return json.dumps(billed).encode()


async def main(reactor: Any, port: int) -> None:
    """Serve until the reactor is told to stop; TERM and Ctrl-C close all in order."""
    async with Producer("shop", reactor=reactor) as producer:
        root = Resource()
        root.putChild(b"orders", Orders(producer))
        root.putChild(b"billed", Billed())
        await TCP4ServerEndpoint(reactor, port).listen(Site(root))
        consumer = Consumer(
            "billing", {"orders": "*"}, start_from=StartFrom.FIRST, reactor=reactor
        )
        await consumer.run(bill)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    react(lambda reactor: Deferred.fromCoroutine(main(reactor, port)))
