"""How the queues of a topic are shared out among the members of a group: arithmetic.

Members work their share out by themselves, or ask a broker for it; all of them, those
in other languages included, have to come to the same answer, or queues are consumed
twice or by nobody. *members* and *queues* are sorted, and *member* is one of *members*.
Source: AllocateMessageQueueAveragely, AllocateMessageQueueAveragelyByCircle.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

Queue = TypeVar("Queue")


def average(
    member: str, members: Sequence[str], queues: Sequence[Queue]
) -> Sequence[Queue]:
    """Give neighbouring queues; the first members get what is left over."""
    index = members.index(member)
    share, rest = divmod(len(queues), len(members))
    start = index * share + min(index, rest)
    return queues[start : start + share + (index < rest)]


def circle(
    member: str, members: Sequence[str], queues: Sequence[Queue]
) -> Sequence[Queue]:
    """Deal the queues out like cards."""
    return queues[members.index(member) :: len(members)]


Shares = Callable[[str, Sequence[str], Sequence[Queue]], Sequence[Queue]]

BY_NAME: Final[Mapping[str, Shares[Any]]] = {"AVG": average, "AVG_BY_CIRCLE": circle}
"""What a broker can be asked for, by the name that clients give."""
