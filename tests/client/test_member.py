"""More of it in test_consumer: here is what a whole consumer shows badly."""

from client_kit import FakeCluster, held, result_of
from twisted.internet.task import Clock

from twistedmq.client.consumer import Consumer
from twistedmq.client.errors import NotRunningError
from twistedmq.client.inbox import Inbox
from twistedmq.client.ordered_inbox import OrderedInbox
from twistedmq.protocol.codes import RequestCode


def test_who_closes_while_joining_leaves_nothing_behind(
    cluster: FakeCluster, clock: Clock
) -> None:
    cluster.create("T", queues=1)
    beat = cluster.wait_for(RequestCode.HEART_BEAT)
    consumer = Consumer("G", {"T": "*"}, orderly=True, settings=cluster.settings())
    started = held(consumer.start())
    result_of(consumer.close())
    beat.callback(None)
    assert started[0].check(NotRunningError)
    assert not clock.getDelayedCalls()
    assert not consumer.queues


def test_only_order_needs_another_inbox(cluster: FakeCluster) -> None:
    def inbox(orderly: bool) -> Inbox:
        settings = cluster.settings()
        consumer = Consumer("G", {"T": "*"}, orderly=orderly, settings=settings)
        return consumer._member.inbox

    assert type(inbox(orderly=False)) is Inbox
    assert type(inbox(orderly=True)) is OrderedInbox
