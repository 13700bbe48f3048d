import pytest
from client_kit import result_of
from groups_kit import BrokerCluster
from read_side import BROKER

from twistedmq.admin.client import Admin
from twistedmq.admin.messages import StoredMessage
from twistedmq.admin.resending import OF_RETRIES
from twistedmq.client.errors import RefusedError, RouteNotFoundError
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.properties import parse
from twistedmq.testing.batches import Told


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = BrokerCluster()
    cluster.side.topic("T", queues=1)
    cluster.side.topic("%DLQ%G", queues=1)
    cluster.side.append(
        Told(
            topic="%DLQ%G",
            body=b"failed",
            tag="new",
            unique_key="U1",
            more={"RETRY_TOPIC": "T", "ORIGIN_MESSAGE_ID": "O1", "mine": "yes"},
        )
    )
    return cluster


@pytest.fixture
def admin(cluster: BrokerCluster) -> Admin:
    return result_of(Admin(settings=cluster.settings()).start())


@pytest.fixture
def failed(admin: Admin) -> StoredMessage:
    return result_of(admin.messages.at(MessageQueue("%DLQ%G", BROKER, 0), 0))


def test_a_message_is_sent_as_it_is(admin: Admin, failed: StoredMessage) -> None:
    resent = result_of(admin.resending.send(failed))
    assert (resent.message_id, resent.queue_offset) == ("U1", 1)
    again = result_of(admin.messages.at(resent.queue, 1))
    assert again.message.body == b"failed"
    assert again.message.offset_message_id == resent.offset_message_id
    before, after = (parse(each.record.properties) for each in (failed, again))
    assert after == before


def test_a_message_is_sent_elsewhere_and_begins_anew(
    admin: Admin, failed: StoredMessage
) -> None:
    resent = result_of(admin.resending.send(failed, topic="T", without=OF_RETRIES))
    again = result_of(admin.messages.at(resent.queue, 0))
    assert again.record.topic == "T"
    assert parse(again.record.properties) == {
        "mine": "yes",
        "TAGS": "new",
        "UNIQ_KEY": "U1",
    }
    assert again.record.reconsume_times == 0


def test_what_cannot_be_sent(
    cluster: BrokerCluster, admin: Admin, failed: StoredMessage
) -> None:
    with pytest.raises(MessageIllegalError, match="SCHEDULE_TOPIC_XXXX"):
        result_of(admin.resending.send(failed, topic="SCHEDULE_TOPIC_XXXX"))
    with pytest.raises(RouteNotFoundError):
        result_of(admin.resending.send(failed, topic="nowhere"))
    cluster.side.topic("closed", queues=1, perm=4)
    with pytest.raises(RouteNotFoundError, match="for writing"):
        result_of(admin.resending.send(failed, topic="closed"))
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = (1, "no")
    with pytest.raises(RefusedError, match="no"):
        result_of(admin.resending.send(failed))
