"""The TAG language: ``a || b``, or ``*`` for everything.

The broker compares hashes only, as the genuine one does; clients compare the tags
themselves and drop the few that share a hash by accident.
"""

from zope.interface import implementer

from twistedmq.filter.interfaces import PASS_ALL, Filter, IExpression
from twistedmq.protocol.properties import tags_code

EVERYTHING = "*"


def split_tags(text: str) -> list[str]:
    """Give the tags of an expression in order; none for ``*`` or an empty text."""
    if not text or text == EVERYTHING:
        return []
    return [tag for part in text.split("||") if (tag := part.strip())]


@implementer(IExpression)
class TagExpression:
    """Tags joined by ``||``."""

    expression_type = "TAG"

    def compile(self, text: str) -> Filter:
        """Compile to a look-up of the hash in a set; there are no wrong texts."""
        if not text or text == EVERYTHING:
            return PASS_ALL
        codes = frozenset(tags_code(tag) for tag in split_tags(text))
        return Filter(tags=codes.__contains__)
