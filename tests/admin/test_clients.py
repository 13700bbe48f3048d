import pytest
from client_kit import result_of
from groups_kit import ADDRESS, BrokerCluster
from twisted.internet.defer import Deferred

from twistedmq.admin.client import Admin
from twistedmq.admin.clients import Clients, is_pushed
from twistedmq.admin.errors import NotOnlineError
from twistedmq.client.errors import RefusedError, RouteNotFoundError
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    CMResult,
    ConsumeMessageDirectlyResult,
    ConsumerRunningInfo,
    GetConsumerStatusBody,
    MessageQueue,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command
from twistedmq.testing.batches import Told

PUSHED = {"PROP_CONSUME_TYPE": "CONSUME_PASSIVELY"}


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = BrokerCluster()
    cluster.side.topic("T")
    return cluster


@pytest.fixture
def clients(cluster: BrokerCluster) -> Clients:
    return result_of(Admin(settings=cluster.settings()).start()).clients


def test_members_and_what_they_want(cluster: BrokerCluster, clients: Clients) -> None:
    cluster.member("billing", {"T": "new"}, "c1")
    for found in (
        result_of(clients.consumers("billing")),
        result_of(clients.consumers("billing", at=ADDRESS)),
    ):
        assert [each.client_id for each in found.connection_set] == ["c1"]
        assert found.subscription_table["T"].sub_string == "new"


def test_a_group_that_is_not_there(cluster: BrokerCluster, clients: Clients) -> None:
    with pytest.raises(RouteNotFoundError, match="%RETRY%nobody"):
        result_of(clients.consumers("nobody"))
    with pytest.raises(NotOnlineError) as caught:
        result_of(clients.consumers("nobody", at=ADDRESS))
    assert (caught.value.group, caught.value.address) == ("nobody", ADDRESS)
    cluster.refuse[RequestCode.GET_CONSUMER_CONNECTION_LIST] = (1, "no")
    with pytest.raises(RefusedError, match="no"):
        result_of(clients.consumers("nobody", at=ADDRESS))


def test_producers(cluster: BrokerCluster, clients: Clients) -> None:
    cluster.member("billing", {"T": "*"}, producers=("shop",))
    found = result_of(clients.producers("shop", "T"))
    assert [each.client_id for each in found.connection_set] == ["c1"]
    everybody = result_of(clients.all_producers(ADDRESS))
    assert [each.client_id for each in everybody["shop"]] == ["c1"]
    with pytest.raises(RefusedError, match="not exist"):
        result_of(clients.producers("nobody", "T"))


def test_a_consumer_tells_of_itself(cluster: BrokerCluster, clients: Clients) -> None:
    connection = cluster.member("billing", {"T": "*"})
    asked: Deferred[ConsumerRunningInfo] = clients.running_info(
        "billing", "c1", stacks=True
    )
    [question] = connection.requests
    assert question.header.jstack_enable
    info = ConsumerRunningInfo(properties=PUSHED, jstack="busy")
    question.answer.callback(Command(code=0, body=loose_json.encode(info)))
    answer = result_of(asked)
    assert answer.jstack == "busy"
    assert is_pushed(answer)
    assert not is_pushed(ConsumerRunningInfo())
    with pytest.raises(RefusedError, match="not online"):
        result_of(clients.running_info("billing", "c2"))


def test_offsets_of_clients(cluster: BrokerCluster, clients: Clients) -> None:
    connection = cluster.member("billing", {"T": "*"})
    asked = clients.offsets("billing", "T")
    queue = MessageQueue("T", "broker-a", 1)
    body = GetConsumerStatusBody(message_queue_table={queue: 7})
    connection.requests[0].answer.callback(
        Command(code=0, body=loose_json.encode(body))
    )
    assert result_of(asked) == {"c1": {queue: 7}}


def test_a_message_is_consumed_at_once(
    cluster: BrokerCluster, clients: Clients
) -> None:
    cluster.side.append(Told(topic="T", body=b"again"))
    admin = result_of(Admin(settings=cluster.settings()).start())
    stored = result_of(admin.messages.at(MessageQueue("T", "broker-a", 0), 0))
    connection = cluster.member("billing", {"T": "*"})
    asked = clients.consume("billing", "c1", stored.message)
    [question] = connection.requests
    assert b"again" in question.body
    result = ConsumeMessageDirectlyResult(consume_result=CMResult.CR_LATER)
    question.answer.callback(Command(code=0, body=loose_json.encode(result)))
    assert result_of(asked).consume_result == CMResult.CR_LATER


def test_what_a_group_takes(cluster: BrokerCluster, clients: Clients) -> None:
    cluster.member("billing", {"T": "new"})
    taken = result_of(clients.subscription("billing", "T"))
    assert taken is not None
    assert taken.sub_string == "new"
    assert result_of(clients.subscription("nobody", "T")) is None
    cluster.side.offsets.commit("billing", "T", 0, 1)
    assert result_of(clients.topics("billing")) == ["T"]
