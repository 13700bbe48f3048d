import pytest
from client_kit import result_of
from groups_kit import BrokerCluster
from read_side import BROKER

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import NotOnlineError
from twistedmq.admin.messages import StoredMessage
from twistedmq.admin.tracks import Tracks, TrackType
from twistedmq.protocol.bodies import ConsumeType, MessageModel, MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers.clients import UnregisterClientRequestHeader
from twistedmq.testing.batches import Told
from twistedmq.testing.connections import make_request


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = BrokerCluster()
    cluster.side.topic("T", queues=1)
    cluster.side.append(Told(topic="T", tag="new"))
    return cluster


@pytest.fixture
def admin(cluster: BrokerCluster) -> Admin:
    return result_of(Admin(settings=cluster.settings()).start())


@pytest.fixture
def tracks(admin: Admin) -> Tracks:
    return admin.tracks


@pytest.fixture
def stored(admin: Admin) -> StoredMessage:
    return result_of(admin.messages.at(MessageQueue("T", BROKER, 0), 0))


def test_groups_that_pushed(
    cluster: BrokerCluster, tracks: Tracks, stored: StoredMessage
) -> None:
    cluster.member("done", {"T": "*"}, "c1")
    cluster.member("waits", {"T": "*"}, "c2")
    cluster.member("other", {"T": "paid"}, "c3")
    for group in ("done", "other"):
        cluster.side.offsets.commit(group, "T", 0, 1)
    found = result_of(tracks.of(stored))
    assert [(each.group, each.type) for each in found] == [
        ("done", TrackType.CONSUMED),
        ("other", TrackType.CONSUMED_BUT_FILTERED),
        ("waits", TrackType.NOT_CONSUME_YET),
    ]


def test_other_groups(
    cluster: BrokerCluster, tracks: Tracks, stored: StoredMessage
) -> None:
    cluster.member("pulls", {"T": "*"}, consume_type=ConsumeType.CONSUME_ACTIVELY)
    cluster.member("pops", {"T": "*"}, consume_type=ConsumeType.CONSUME_POP)
    gone = cluster.member("gone", {"T": "*"})
    cluster.side.handlers[RequestCode.UNREGISTER_CLIENT](
        make_request(
            RequestCode.UNREGISTER_CLIENT,
            UnregisterClientRequestHeader(client_id="c1", consumer_group="gone"),
            b"",
            gone,
        )
    )
    for group in ("gone", "never"):
        cluster.side.offsets.commit(group, "T", 0, 1)
    found = {each.group: each for each in result_of(tracks.of(stored))}
    assert found["pulls"].type == TrackType.PULL
    assert found["pops"].type == TrackType.UNKNOWN
    assert found["never"].type == TrackType.UNKNOWN  # it has no retry topic
    assert found["never"].error is not None
    assert found["gone"].type == TrackType.NOT_ONLINE
    assert isinstance(found["gone"].error, NotOnlineError)


def test_a_group_that_broadcasts(
    cluster: BrokerCluster, tracks: Tracks, stored: StoredMessage
) -> None:
    cluster.member("all", {"T": "*"}, model=MessageModel.BROADCASTING)
    [track] = result_of(tracks.of(stored))
    assert track.type == TrackType.CONSUME_BROADCASTING


def test_a_broker_that_does_not_say(
    cluster: BrokerCluster, tracks: Tracks, stored: StoredMessage
) -> None:
    cluster.member("done", {"T": "*"})
    cluster.refuse[RequestCode.GET_CONSUME_STATS] = (1, "no")
    [track] = result_of(tracks.of(stored))
    assert (track.type, str(track.error)[-2:]) == (TrackType.UNKNOWN, "no")
