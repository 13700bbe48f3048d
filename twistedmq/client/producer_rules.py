"""What a producer was told about its sends, in one place."""

from msgspec import Struct

from twistedmq.client.arguments import LONGEST_S, check_range
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.numbers import INT32_MAX

SHORTEST_S = 0.001
"""A time-out that is shorter could never be kept."""

RETRY_CODES = frozenset(
    {
        ResponseCode.TOPIC_NOT_EXIST,
        ResponseCode.SERVICE_NOT_AVAILABLE,
        ResponseCode.SYSTEM_ERROR,
        ResponseCode.SYSTEM_BUSY,
        ResponseCode.NO_PERMISSION,
        ResponseCode.NO_BUYER_ID,
        ResponseCode.NOT_IN_CURRENT_UNIT,
        ResponseCode.GO_AWAY,
    }
)
"""Answers after which another broker may do better (upstream: retryResponseCodes)."""


class SendRules(Struct, frozen=True):
    """How a producer sends; see ``Producer`` for what each one means.

    Raises:
        ArgumentError: a number is out of its range.
    """

    group: str
    timeout_s: float = 3.0
    """For the whole send, all attempts together."""
    retries: int = 2
    attempt_timeout_s: float | None = None
    """For one attempt, where another one may follow."""
    default_queues: int = 4
    """Queues of a topic that the first message creates."""
    retry_codes: frozenset[int] = RETRY_CODES
    """Refusals after which another attempt follows."""
    retry_unless_ok: bool = False
    """Whether one follows as well where a message was stored, but not as safely as the
    broker should."""

    def __post_init__(self) -> None:
        """Look at the values."""
        check_range("timeout_s", self.timeout_s, SHORTEST_S, LONGEST_S)
        check_range("retries", self.retries, 0)
        if self.attempt_timeout_s is not None:
            check_range(
                "attempt_timeout_s", self.attempt_timeout_s, SHORTEST_S, LONGEST_S
            )
        check_range("default_queues", self.default_queues, 1, INT32_MAX)
