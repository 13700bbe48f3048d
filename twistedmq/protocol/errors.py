"""Errors that know which response code they become.

A caller reads the attributes of an error; nobody parses its text. The dispatcher turns
any TwistedMQError into a reply with its ``code`` and its text as the remark.
"""

from twistedmq.protocol.codes import ResponseCode


class TwistedMQError(Exception):
    """The base of every error that this package raises on purpose."""

    code: int = ResponseCode.SYSTEM_ERROR


class FrameError(TwistedMQError):
    """Bytes that are no frame. The connection they came on cannot be used any more."""


class FrameTooLargeError(FrameError):
    """A frame announces more bytes than the limit allows."""

    def __init__(self, size: int, limit: int) -> None:
        """Keep the announced *size* and the *limit*, both in bytes."""
        super().__init__(f"a frame of {size} bytes is over the limit of {limit} bytes")
        self.size = size
        self.limit = limit


class HeaderError(FrameError):
    """The header of a frame cannot be parsed."""


class FieldError(TwistedMQError):
    """A header field or a body field is missing or has a wrong value."""

    def __init__(self, where: str, problem: str) -> None:
        """Name the header or body (*where*) and what is wrong with it."""
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class UnsupportedCodeError(TwistedMQError):
    """Nobody here handles this request code (or not on this port)."""

    code = ResponseCode.REQUEST_CODE_NOT_SUPPORTED

    def __init__(self, request_code: int) -> None:
        """Keep the code of the request."""
        super().__init__(f" request type {request_code} not supported")
        self.request_code = request_code


class TopicNotFoundError(TwistedMQError):
    """The topic is unknown here and may not be created on the fly."""

    code = ResponseCode.TOPIC_NOT_EXIST

    def __init__(self, topic: str, detail: str = "") -> None:
        """Keep the *topic*; *detail* is put behind the sentence."""
        super().__init__(f"topic[{topic}] not exist{detail}")
        self.topic = topic


class GroupNotFoundError(TwistedMQError):
    """The consumer group is unknown here and may not be created on the fly."""

    code = ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST

    def __init__(self, group: str) -> None:
        """Keep the *group*."""
        super().__init__(f"subscription group [{group}] does not exist")
        self.group = group


class PermissionDeniedError(TwistedMQError):
    """The broker, topic or group does not allow this."""

    code = ResponseCode.NO_PERMISSION


class MessageIllegalError(TwistedMQError):
    """A message, topic name or group name that breaks a limit or a rule.

    Clients say which: ``field`` (of the message, or an argument), the ``value`` it has,
    or its size, and the ``limit`` or rule that it breaks. Elsewhere they may be None.
    """

    code = ResponseCode.MESSAGE_ILLEGAL

    def __init__(
        self,
        text: str,
        *,
        field: str | None = None,
        value: object = None,
        limit: object = None,
    ) -> None:
        """Keep what is wrong."""
        super().__init__(text)
        self.field = field
        self.value = value
        self.limit = limit


class InvalidParameterError(TwistedMQError):
    """A parameter of an admin request is not allowed."""

    code = ResponseCode.INVALID_PARAMETER


class BusyError(TwistedMQError):
    """Too much is waiting; the client should try again."""

    code = ResponseCode.SYSTEM_BUSY


class ServiceUnavailableError(TwistedMQError):
    """Not now: starting, stopping, or the disk is full."""

    code = ResponseCode.SERVICE_NOT_AVAILABLE
