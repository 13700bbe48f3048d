"""One consumer group as its members told it. Pure."""

from collections.abc import Iterable

from msgspec import Struct, field

from twistedmq.broker.clients.agreement import Opinion, Wishes
from twistedmq.filter.interfaces import Filter
from twistedmq.protocol.bodies import (
    ConsumeFromWhere,
    ConsumeType,
    MessageModel,
    SubscriptionData,
)
from twistedmq.protocol.codes import LanguageCode
from twistedmq.remoting.interfaces import IConnection


class Member(Struct):
    """One client of a group, over one connection."""

    client_id: str
    connection: IConnection
    language: int
    version: int
    seen_s: float
    """Monotonic time of the last heartbeat."""

    @property
    def language_name(self) -> str:
        """The language as bodies name it."""
        try:
            return LanguageCode(self.language).name
        except ValueError:
            return LanguageCode.OTHER.name


class Subscription(Struct):
    """What a group wants of one topic."""

    data: SubscriptionData
    filter: Filter | None
    """None if the expression cannot be compiled here."""


class ConsumerGroup(Struct):
    """What is known of a group from the heartbeats of its members.

    The last heartbeat decides: groups whose members disagree flap, as upstream.
    """

    name: str
    consume_type: ConsumeType = ConsumeType.CONSUME_PASSIVELY
    message_model: MessageModel = MessageModel.CLUSTERING
    consume_from_where: ConsumeFromWhere = ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET
    members: dict[IConnection, Member] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    wishes: Wishes = field(default_factory=Wishes)
    """What each member wants, to see whether they agree."""
    fingerprint: int | None = None
    """What the last heartbeat of version 2 said its content hashes to."""

    @property
    def is_broadcast(self) -> bool:
        """Whether each member gets every message."""
        return self.message_model == MessageModel.BROADCASTING

    def client_ids(self) -> list[str]:
        """Give the client ids of the members."""
        return [member.client_id for member in self.members.values()]

    def opinions(self) -> list[Opinion]:
        """Give what members want of the topics about which they do not agree."""
        names = {c: member.client_id for c, member in self.members.items()}
        return self.wishes.opinions(names)

    def find(self, client_id: str) -> Member | None:
        """Find a member by its client id."""
        for member in self.members.values():
            if member.client_id == client_id:
                return member
        return None

    def update_member(self, member: Member) -> bool:
        """Note a heartbeat of *member*; whether it is new."""
        known = self.members.get(member.connection)
        if known is None or known.client_id != member.client_id:
            self.members[member.connection] = member
            return known is None
        known.seen_s = member.seen_s
        return False

    def update_subscriptions(self, fresh: Iterable[Subscription]) -> bool:
        """Put *fresh* in place of what was; whether topics came or went."""
        wanted = {each.data.topic: each for each in fresh}
        current = self.subscriptions
        changed = wanted.keys() != current.keys()
        for topic, each in wanted.items():
            known = current.get(topic)
            if known is None or each.data.sub_version > known.data.sub_version:
                current[topic] = each
        if changed:
            for topic in current.keys() - wanted.keys():
                del current[topic]
        return changed
