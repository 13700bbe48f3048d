from typing import Any

import pytest
from client_kit import result_of
from groups_kit import ADDRESS, BrokerCluster

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import MessageNotFoundError
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.names import TRANSACTION_GIVEN_UP_TOPIC
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
