"""Who is connected."""

import pytest

from twistedmq.broker.clients.consumer_group import ConsumerGroup, Member
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.filter.expressions import Expressions
from twistedmq.protocol.bodies import ConsumerData, MessageModel, SubscriptionData
from twistedmq.testing.connections import FakeConnection


class Clients(ClientManager):
    """A manager that notes whom it tells of."""

    def __init__(self) -> None:
        super().__init__(Expressions())
        self.told: list[str] = []
        self.on_change(self.note)

    def note(self, group: ConsumerGroup) -> None:
        self.told.append(group.name)

    def consumer(
        self,
        group: str = "G",
        connection: FakeConnection | None = None,
        topics: tuple[str, ...] = ("T",),
        *,
        seen_s: float = 0.0,
        client_id: str = "c1",
        notify: bool = True,
        without_topics: bool = False,
        expression_type: str = "TAG",
        model: MessageModel = MessageModel.CLUSTERING,
    ) -> FakeConnection:
        connection = connection or FakeConnection()
        wanted = [
            SubscriptionData(topic=t, sub_string="*", expression_type=expression_type)
            for t in topics
        ]
        self.register_consumer(
            ConsumerData(
                group_name=group, subscription_data_set=wanted, message_model=model
            ),
            Member(client_id, connection, 0, 493, seen_s),
            notify=notify,
            without_topics=without_topics,
        )
        return connection

    def producer(
        self,
        group: str = "P",
        connection: FakeConnection | None = None,
        seen_s: float = 0.0,
    ) -> FakeConnection:
        connection = connection or FakeConnection()
        member = Member("p1", connection, 0, 493, seen_s)
        self.register_producer(group, member)
        return connection


@pytest.fixture
def clients() -> Clients:
    return Clients()


class TestConsumers:
    def test_members_are_listed(self, clients: Clients) -> None:
        clients.consumer(client_id="c1")
        clients.consumer(client_id="c2")
        assert clients.consumer_ids("G") == ["c1", "c2"]
        assert clients.consumer_ids("GNope") == []
        assert clients.find_consumer("G", "c2") is not None
        assert clients.find_consumer("GNope", "c2") is None

    def test_a_group_is_told_of_members_that_come_and_go(
        self, clients: Clients
    ) -> None:
        first = clients.consumer(client_id="c1")
        clients.consumer(connection=first, client_id="c1")
        assert clients.told == ["G"]
        second = clients.consumer(client_id="c2")
        second.close("gone")
        assert clients.told == ["G"] * 3
        clients.unregister_consumer("G", first)
        assert clients.told == ["G"] * 3  # nobody is left to be told
        assert clients.consumer_group("G") is None

    def test_a_group_is_told_of_its_topics(self, clients: Clients) -> None:
        connection = clients.consumer(topics=("T",))
        clients.consumer(connection=connection, topics=("T", "T2"))
        assert clients.told == ["G", "G"]
        assert clients.groups_of_topic("T2") == {"G"}
        clients.consumer(connection=connection, topics=("T2",))
        assert clients.groups_of_topic("T") == set()

    def test_topics_can_be_left_out(self, clients: Clients) -> None:
        connection = clients.consumer(topics=("T",))
        clients.consumer(connection=connection, topics=(), without_topics=True)
        assert clients.subscription("G", "T") is not None
        assert clients.told == ["G"]

    def test_quiet_groups_are_not_told(self, clients: Clients) -> None:
        clients.consumer(notify=False).close("gone")
        clients.consumer("B", model=MessageModel.BROADCASTING).close("gone")
        assert clients.told == []

    def test_a_client_is_taken_out_once(self, clients: Clients) -> None:
        connection = clients.consumer()
        clients.unregister_consumer("G", connection)
        clients.unregister_consumer("G", connection)
        connection.close("gone")
        assert clients.consumer_groups() == {}
        assert clients.groups_of_topic("T") == set()

    def test_a_wrong_expression_does_not_harm_the_rest(self, clients: Clients) -> None:
        clients.consumer(expression_type="SQL92")
        known = clients.subscription("G", "T")
        assert known is not None
        assert known.filter is None

    def test_the_same_subscription_is_compiled_once(self, clients: Clients) -> None:
        connection = clients.consumer()
        before = clients.subscription("G", "T")
        clients.consumer(connection=connection)
        assert clients.subscription("G", "T") is before
        assert clients.subscription_count("G") == 1
        assert clients.subscription_count("GNope") == 0


class TestPulls:
    def test_what_was_pulled_is_known_for_a_while(self, clients: Clients) -> None:
        wanted = clients.compile(SubscriptionData(topic="T", sub_string="a"))
        clients.note_pulled("G", "T", wanted)
        assert clients.subscription("G", "T") is wanted
        clients.forget_old_pulls()
        assert clients.subscription("G", "T") is wanted
        clients.forget_old_pulls()
        assert clients.subscription("G", "T") is None

    def test_heartbeats_know_better(self, clients: Clients) -> None:
        pulled = clients.compile(SubscriptionData(topic="T", sub_string="a"))
        clients.note_pulled("G", "T", pulled)
        clients.consumer()
        known = clients.subscription("G", "T")
        assert known is not None
        assert known.data.sub_string == "*"


class TestProducers:
    def test_members_take_turns(self, clients: Clients) -> None:
        for _ in range(2):
            clients.producer()
        turns = [clients.next_producer("P") for _ in range(4)]
        assert turns[0] is not turns[1]
        assert turns[0] is turns[2]
        assert clients.next_producer("PNope") is None

    def test_a_client_is_found_while_it_is_in_a_group(self, clients: Clients) -> None:
        connection = clients.producer("P")
        clients.producer("P2", connection)
        assert clients.find_producer("p1") is connection
        clients.unregister_producer("P", connection)
        assert clients.find_producer("p1") is connection
        again = clients.producer("P2")
        connection.close("gone")
        assert clients.find_producer("p1") is again
        again.close("gone")
        assert clients.find_producer("p1") is None

    def test_they_leave_by_themselves_or_with_their_connection(
        self, clients: Clients
    ) -> None:
        first, second = clients.producer(), clients.producer()
        clients.unregister_producer("P", first)
        assert [m.connection for m in clients.producers("P")] == [second]
        second.close("gone")
        assert clients.producer_groups() == {}

    def test_a_heartbeat_makes_young_again(self, clients: Clients) -> None:
        connection = clients.producer(seen_s=1.0)
        clients.producer(connection=connection, seen_s=2.0)
        assert [m.seen_s for m in clients.producers("P")] == [2.0]


class TestExpiry:
    def test_the_silent_are_taken_out_and_closed(self, clients: Clients) -> None:
        silent = clients.consumer(seen_s=0.0, client_id="c1")
        clients.consumer(seen_s=100.0, client_id="c2")
        clients.producer(connection=silent, seen_s=0.0)
        gone = clients.expire(50.0)
        assert [member.connection for member in gone] == [silent]
        assert silent.close_reason is not None
        assert clients.consumer_ids("G") == ["c2"]
        assert clients.producers("P") == []

    def test_one_connection_is_watched_once(self, clients: Clients) -> None:
        connection = clients.consumer("G1")
        clients.consumer("G2", connection)
        clients.producer(connection=connection)
        assert len(connection._close_callbacks) == 1
        connection.close("gone")
        assert clients.consumer_groups() == {}
        assert clients.producer_groups() == {}
