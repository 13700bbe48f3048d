"""Whether the members of a group want the same. Pure.

They must: a queue is read by one member, with the filter of whoever spoke last, so
messages go past those who wanted them where members differ.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from twistedmq.filter.expressions import TAG, is_tag_type
from twistedmq.filter.tag import EVERYTHING, split_tags
from twistedmq.protocol.bodies import SubscriptionData
from twistedmq.protocol.names import is_retry_topic
from twistedmq.remoting.interfaces import IConnection

Wish = frozenset[tuple[str, str, str]]
"""What one member wants: topic, language, expression of each of its subscriptions."""

NOT_SUBSCRIBED: Final = ""
"""Stands for the expression of those who do not subscribe to a topic."""


class Opinion(Struct, frozen=True, order=True):
    """What some members of a group want of a topic about which it does not agree."""

    topic: str
    expression_type: str
    expression: str
    """NOT_SUBSCRIBED if they do not want the topic."""
    client_ids: tuple[str, ...]


def wish_of(subscriptions: Iterable[SubscriptionData]) -> Wish:
    """Give what matters of *subscriptions*: not their versions, nor the order of tags.

    Retry topics do not: some clients name theirs, others do not.
    """
    return frozenset(
        (each.topic, *_meaning(each.expression_type, each.sub_string))
        for each in subscriptions
        if not is_retry_topic(each.topic)
    )


def _meaning(expression_type: str, text: str) -> tuple[str, str]:
    if not is_tag_type(expression_type):
        return expression_type, text
    return TAG, " || ".join(sorted(set(split_tags(text)))) or EVERYTHING


class Wishes:
    """What each member of one group wants, and how many want the same."""

    __slots__ = ("_by_member", "_counts")

    def __init__(self) -> None:
        """Begin with nobody."""
        self._by_member: dict[IConnection, Wish] = {}
        self._counts: dict[Wish, int] = {}

    @property
    def differ(self) -> bool:
        """Whether members want different things."""
        return len(self._counts) > 1

    def of(self, member: IConnection) -> Wish:
        """Give what a member wants; nothing if it has not said."""
        return self._by_member.get(member, frozenset())

    def note(self, member: IConnection, wish: Wish) -> bool:
        """Note what *member* wants; whether the group differs in another way now."""
        if not wish:  # it has not subscribed yet
            return self.forget(member)
        if self._by_member.get(member) == wish:
            return False
        # all who want the same share one object
        wish = next((known for known in self._counts if known == wish), wish)
        changed = self.forget(member)
        self._by_member[member] = wish
        self._counts[wish] = self._counts.get(wish, 0) + 1
        return changed or self._counts[wish] == 1

    def forget(self, member: IConnection) -> bool:
        """Forget a member; whether the group differs in another way now."""
        wish = self._by_member.pop(member, None)
        if wish is None:
            return False
        self._counts[wish] -= 1
        if self._counts[wish]:
            return False
        del self._counts[wish]
        return True

    def opinions(self, names: Mapping[IConnection, str]) -> list[Opinion]:
        """Give who wants what of the topics about which members differ.

        *names* are the client ids of the members.
        """
        if not self.differ:
            return []
        wanted: dict[str, dict[tuple[str, str], list[str]]] = {}
        for wish in self._counts:
            for topic, *_ in wish:
                wanted.setdefault(topic, {})
        for member, wish in self._by_member.items():
            mine = {topic: (kind, text) for topic, kind, text in wish}
            for topic, opinions in wanted.items():
                meaning = mine.get(topic, ("", NOT_SUBSCRIBED))
                opinions.setdefault(meaning, []).append(names.get(member, "?"))
        return sorted(
            Opinion(topic, kind, text, tuple(sorted(ids)))
            for topic, opinions in wanted.items()
            if len(opinions) > 1
            for (kind, text), ids in opinions.items()
        )
