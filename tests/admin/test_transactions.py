from typing import Any

import pytest
from client_kit import result_of
from groups_kit import ADDRESS, BrokerCluster
from halves_kit import cluster_with_halves
from read_side import BROKER

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import MessageNotFoundError
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.names import (
    HALF_TOPIC,
    TRANSACTION_GIVEN_UP_TOPIC,
    TRANSACTION_GROUP,
)
from twistedmq.remoting.errors import ConnectError
from twistedmq.testing.batches import Told


def test_a_half_is_checked_again() -> None:
    cluster = BrokerCluster()
    topic = TRANSACTION_GIVEN_UP_TOPIC
    cluster.side.topic(topic, queues=1)
    cluster.side.append(Told(topic=topic, unique_key="ABC"))
    served: list[Any] = []

    def serve(request: Any) -> Reply:
        served.append(request.header)
        return Reply()

    cluster.side.handlers[RequestCode.RESUME_CHECK_HALF_MESSAGE] = serve
    admin = result_of(Admin(settings=cluster.settings()).start())
    result_of(admin.transactions.resume(topic, "ABC"))
    [header] = served
    stored = result_of(admin.messages.by_id(topic, "ABC"))
    assert header.msg_id == stored.message.offset_message_id
    assert (header.topic, stored.message.store_host) == (topic, ADDRESS)
    with pytest.raises(MessageNotFoundError):
        result_of(admin.transactions.resume(topic, "DEF"))


def test_halves_that_nobody_decided_on() -> None:
    cluster = cluster_with_halves()
    admin = result_of(Admin(settings=cluster.settings()).start())
    [(broker, [half])] = result_of(admin.transactions.open()).items()
    assert broker == BROKER
    assert (half.topic, half.group, half.keys) == ("orders", "shop", "k1")
    assert (half.message_id, half.times_asked, half.queue_offset) == ("U1", 3, 1)


def test_rounds_have_come_past_some() -> None:
    cluster = cluster_with_halves()
    admin = result_of(Admin(settings=cluster.settings()).start())
    queue = MessageQueue(HALF_TOPIC, BROKER, 0)
    result_of(admin.offsets.commit(TRANSACTION_GROUP, {queue: 2}))
    assert result_of(admin.transactions.open()) == {}


def test_where_nobody_ever_had_a_transaction() -> None:
    admin = result_of(Admin(settings=BrokerCluster().settings()).start())
    assert result_of(admin.transactions.open()) == {}


def test_a_broker_that_is_away_is_named() -> None:
    cluster = cluster_with_halves()
    admin = result_of(Admin(settings=cluster.settings()).start())
    cluster.side.handlers.clear()
    cluster.down.add(ADDRESS)
    with pytest.raises(ConnectError):
        result_of(admin.transactions.open())
    silent: dict[str, Exception] = {}
    assert result_of(admin.transactions.open(silent=silent)) == {}
    assert [*silent] == [BROKER]
