"""Why a pull is refused. Each becomes a reply with its code and text."""

from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import PermissionDeniedError, TwistedMQError

FAQ = "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
"""Where upstream's texts send their readers; tools look for it."""

FORBIDDEN_BY_BROKER = 1
FORBIDDEN_BY_GROUP = 2
FORBIDDEN_BY_TOPIC = 3
FORBIDDEN_TO_BROADCAST = 4
FORBIDDEN_BY_SUBSCRIPTION = 5


class PullForbiddenError(PermissionDeniedError):
    """Reading is not allowed; ``forbidden_type`` says whose rule that is."""

    def __init__(self, forbidden_type: int, text: str) -> None:
        """Keep the *forbidden_type*, which is a field of the answer."""
        super().__init__(text)
        self.forbidden_type = forbidden_type


class ReadingGroupNotFoundError(TwistedMQError):
    """The group does not exist and may not be created by pulling or popping."""

    code = ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST

    def __init__(self, group: str) -> None:
        """Keep the *group*."""
        super().__init__(f"subscription group [{group}] does not exist, {FAQ}")
        self.group = group


class SubscriptionNotFoundError(TwistedMQError):
    """The broker has not been told what the group wants."""

    code = ResponseCode.SUBSCRIPTION_NOT_EXIST


class SubscriptionNotLatestError(TwistedMQError):
    """The client subscribes to something newer than its last heartbeat said."""

    code = ResponseCode.SUBSCRIPTION_NOT_LATEST


class FilterMissingError(TwistedMQError):
    """The expression of the heartbeat could not be compiled."""

    code = ResponseCode.FILTER_DATA_NOT_EXIST
