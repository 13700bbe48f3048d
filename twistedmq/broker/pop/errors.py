"""Why a pop or an ack is refused, beyond what other requests are refused for."""

from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import TwistedMQError


class PollingTimeoutError(TwistedMQError):
    """The request was on its way for longer than it wanted to wait."""

    code = ResponseCode.POLLING_TIMEOUT


class NoMessageError(TwistedMQError):
    """There is no message at the offset of an ack."""

    code = ResponseCode.NO_MESSAGE


class TimersNeededError(TwistedMQError):
    """Checkpoints wait among the timers, and those are off."""
