"""One consumer group."""

from twistedmq.broker.clients.consumer_group import (
    ConsumerGroup,
    Member,
    Subscription,
)
from twistedmq.filter.interfaces import PASS_ALL
from twistedmq.protocol.bodies import MessageModel, SubscriptionData
from twistedmq.testing.connections import FakeConnection


def member(client_id: str = "c1", connection: FakeConnection | None = None) -> Member:
    return Member(client_id, connection or FakeConnection(), 0, 493, 0.0)


def wanted(topic: str, version: int = 1) -> Subscription:
    return Subscription(SubscriptionData(topic=topic, sub_version=version), PASS_ALL)


def test_a_member_is_new_once() -> None:
    group, connection = ConsumerGroup("G"), FakeConnection()
    assert group.update_member(member("c1", connection))
    assert not group.update_member(member("c1", connection))
    assert not group.update_member(member("c2", connection))
    assert group.client_ids() == ["c2"]
    assert group.find("c2") is not None
    assert group.find("c1") is None


def test_a_heartbeat_makes_a_member_young_again() -> None:
    group, connection = ConsumerGroup("G"), FakeConnection()
    group.update_member(member("c1", connection))
    group.update_member(Member("c1", connection, 0, 493, 70.0))
    assert group.members[connection].seen_s == 70.0


def test_topics_that_come_and_go_are_changes_and_versions_are_not() -> None:
    group = ConsumerGroup("G")
    assert group.update_subscriptions([wanted("T")])
    assert not group.update_subscriptions([wanted("T", 2)])
    assert group.subscriptions["T"].data.sub_version == 2
    assert not group.update_subscriptions([wanted("T", 1)])
    assert group.subscriptions["T"].data.sub_version == 2
    assert group.update_subscriptions([wanted("T"), wanted("T2")])
    assert group.update_subscriptions([wanted("T2")])
    assert list(group.subscriptions) == ["T2"]


def test_broadcasting_is_a_model() -> None:
    assert not ConsumerGroup("G").is_broadcast
    assert ConsumerGroup("G", message_model=MessageModel.BROADCASTING).is_broadcast


def test_languages_have_names() -> None:
    assert member().language_name == "JAVA"
    assert Member("c", FakeConnection(), 99, 493, 0.0).language_name == "OTHER"
