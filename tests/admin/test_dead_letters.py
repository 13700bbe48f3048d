from typing import Any

import pytest
from client_kit import result_of
from groups_kit import BrokerCluster
from twisted.internet.defer import Deferred

from twistedmq.admin.client import Admin
from twistedmq.admin.dead_letters import DeadLetters, origin_of
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol.bodies import ConsumeType, MessageQueue
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.properties import parse
from twistedmq.testing.batches import Told


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = BrokerCluster()
    side = cluster.side
    side.topic("T", queues=1)
    side.topic("%DLQ%billing", queues=1)
    side.topic("%RETRY%billing", queues=1)
    side.append(
        *(
            Told(
                topic="%DLQ%billing",
                body=f"m{number}".encode(),
                unique_key=f"U{number}",
                more={"RETRY_TOPIC": "T", "ORIGIN_MESSAGE_ID": "O", "DELAY": "18"},
            )
            for number in range(3)
        )
    )
    side.groups.get("TOOLS_CONSUMER")
    return cluster


@pytest.fixture
def admin(cluster: BrokerCluster) -> Admin:
    return result_of(Admin(settings=cluster.settings()).start())


@pytest.fixture
def letters(admin: Admin) -> DeadLetters:
    return admin.dead_letters


def bodies(letters: DeadLetters, queue: Any, *, again: bool) -> list[bytes]:
    async def read() -> list[bytes]:
        found = letters.read(queue, again=again)
        return [stored.message.body async for stored in found]

    return result_of(Deferred.fromCoroutine(read()))


def test_what_there_is(letters: DeadLetters) -> None:
    [queue] = result_of(letters.queues("billing"))
    assert (queue.count, queue.fresh) == (3, 3)
    assert bodies(letters, queue, again=True) == [b"m0", b"m1", b"m2"]
    result_of(letters.note_replayed(queue.queue, 2))
    [queue] = result_of(letters.queues("billing"))
    assert (queue.count, queue.fresh, queue.replayed) == (3, 1, 2)
    assert bodies(letters, queue, again=False) == [b"m2"]
    with pytest.raises(RouteNotFoundError):
        result_of(letters.queues("nobody"))


def test_a_message_goes_back_to_its_group(admin: Admin, letters: DeadLetters) -> None:
    queue = MessageQueue("%DLQ%billing", "broker-a", 0)
    stored = result_of(admin.messages.at(queue, 0))
    assert origin_of(stored) == "T"
    resent = result_of(letters.replay(stored))
    assert resent.queue.topic == "%RETRY%billing"
    again = result_of(admin.messages.at(resent.queue, 0))
    assert parse(again.record.properties) == {"RETRY_TOPIC": "T", "UNIQ_KEY": "U0"}
    assert again.message.topic == "T"


def test_a_message_goes_to_everybody(admin: Admin, letters: DeadLetters) -> None:
    queue = MessageQueue("%DLQ%billing", "broker-a", 0)
    stored = result_of(admin.messages.at(queue, 0))
    resent = result_of(letters.replay(stored, to="T"))
    again = result_of(admin.messages.at(resent.queue, 0))
    assert parse(again.record.properties) == {"UNIQ_KEY": "U0"}


def test_who_pops_would_not_get_it(
    cluster: BrokerCluster, letters: DeadLetters
) -> None:
    result_of(letters.check_replay("billing"))  # nobody is there
    cluster.member("pushed", {"T": "*"})
    result_of(letters.check_replay("pushed"))
    result_of(letters.check_replay("unheard"))
    cluster.member("billing", {"T": "*"}, consume_type=ConsumeType.CONSUME_POP)
    with pytest.raises(InvalidParameterError, match="pop"):
        result_of(letters.check_replay("billing"))
