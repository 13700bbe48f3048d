"""What can go wrong for a user of the client. Read the attributes, not the text."""

from collections.abc import Sequence

from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import TwistedMQError


class ClientError(TwistedMQError):
    """The base of the client's own errors."""


class ArgumentError(ClientError):
    """A call was given a value that cannot be; nothing was sent."""

    code = ResponseCode.INVALID_PARAMETER

    def __init__(self, field: str, value: object, limit: str) -> None:
        """Keep the name of the argument, its *value*, and what may be there."""
        super().__init__(f"{field} is {value!r}, not {limit}")
        self.field = field
        self.value = value
        self.limit = limit


class NotRunningError(ClientError):
    """The producer or consumer was not started yet, or is closed already."""

    def __init__(self, name: str, *, closed: bool) -> None:
        """Keep the *name* of its class, and whether it is *closed*."""
        what_to_do = "is closed: make a new one" if closed else "is not running yet"
        super().__init__(
            f"this {name} {what_to_do}{'' if closed else ': start it first'}"
        )
        self.name = name
        self.closed = closed


class AlreadyRunsError(ClientError):
    """A consumer has a function that it calls; a second one would get the rest."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "this Consumer runs a function already: make another one for another"
        )


class AsyncioRunsError(ClientError):
    """A client that gives Deferreds was made in a loop of asyncio, without a reactor.

    Nothing would run the global one there.
    """

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "an event loop of asyncio runs here: use the clients of twistedmq.aio, or "
            "give this one reactor=twistedmq.aio.attach()"
        )


class NoNameServerError(ClientError):
    """No name server address is known, or none of them answers."""


class RouteNotFoundError(ClientError):
    """No broker serves this topic, as far as the name servers know."""

    code = ResponseCode.TOPIC_NOT_EXIST

    def __init__(self, topic: str, detail: str = "") -> None:
        """Keep the *topic*; *detail* says more."""
        super().__init__(f"no broker serves topic {topic!r}{detail}")
        self.topic = topic


class BrokerNotFoundError(ClientError):
    """The route names no address for this broker (its master is gone, say)."""

    def __init__(self, broker_name: str) -> None:
        """Keep the name of the broker."""
        super().__init__(f"no address is known for broker {broker_name!r}")
        self.broker_name = broker_name


class MessageNotFoundError(ClientError):
    """No broker of the topic has a message with this id (any more)."""

    code = ResponseCode.QUERY_NOT_FOUND

    def __init__(self, topic: str, message_id: str) -> None:
        """Keep the topic and the id."""
        super().__init__(f"no message of {topic!r} has the id {message_id!r}")
        self.topic = topic
        self.message_id = message_id


class RefusedError(ClientError):
    """A server answered, with a code that means no."""

    def __init__(self, code: int, remark: str | None, address: str) -> None:
        """Keep the response *code*, the *remark* and who answered."""
        self.name = _code_name(code)
        super().__init__(f"{address} refused: {self.name} ({code}): {remark or ''}")
        self.code = code
        self.remark = remark
        self.address = address


class SubscriptionRefusedError(ClientError):
    """A broker does not take a condition, or none at all (``enablePropertyFilter``)."""

    def __init__(self, topic: str, expression: str, refusal: RefusedError) -> None:
        """Keep the topic, the condition, and what the broker said."""
        super().__init__(
            f"the condition {expression!r} on {topic!r} is refused: {refusal.remark}"
        )
        self.topic = topic
        self.expression = expression
        self.remark = refusal.remark
        self.code = refusal.code


class SendTimeoutError(ClientError):
    """A send did not finish within its time, retries included.

    ``causes`` has one error for each attempt that failed before.
    """

    def __init__(
        self, topic: str, timeout_s: float, causes: Sequence[BaseException] = ()
    ) -> None:
        """Keep the topic, the limit in seconds and what went wrong until then."""
        last = f", the last: {causes[-1]}" if causes else ""
        super().__init__(
            f"a send to {topic!r} took over {timeout_s:g} s "
            f"({len(causes)} failures{last})"
        )
        self.topic = topic
        self.timeout_s = timeout_s
        self.causes = list(causes)
        self.attempts = len(causes)


class SendFailedError(ClientError):
    """All attempts of a send failed; ``causes`` has one error an attempt."""

    def __init__(
        self, topic: str, brokers: list[str], causes: list[BaseException]
    ) -> None:
        """Keep the topic, the brokers that were tried, in order, and their errors."""
        last = causes[-1] if causes else "no broker to send to"
        super().__init__(
            f"a send to {topic!r} failed {len(causes)} times "
            f"(brokers {', '.join(brokers)}); last: {last}"
        )
        self.topic = topic
        self.brokers = brokers
        self.causes = causes
        if causes and isinstance(causes[-1], TwistedMQError):
            self.code = causes[-1].code


class ProducerFullError(ClientError):
    """There is too much on its way already; nothing was sent."""

    def __init__(self, field: str, value: int, limit: int, waited_s: float) -> None:
        """Keep which limit, what it would have come to, and how long was waited."""
        super().__init__(
            f"{value} in flight, {field} is {limit} (waited {waited_s:g} s)"
        )
        self.field = field
        self.value = value
        self.limit = limit
        self.waited_s = waited_s


class ReplyTimeoutError(ClientError):
    """A request was sent, but no reply came in time. It may still be worked on."""

    def __init__(self, topic: str, timeout_s: float) -> None:
        """Keep the topic of the request and the limit in seconds."""
        super().__init__(f"no reply to a request to {topic!r} in {timeout_s:g} s")
        self.topic = topic
        self.timeout_s = timeout_s


class NoReplyWantedError(ClientError):
    """A message cannot be replied to: it was sent, but not as a request."""

    def __init__(self, message_id: str, missing: list[str]) -> None:
        """Keep the message's id and the properties that it lacks."""
        super().__init__(
            f"message {message_id} is no request: it has no {', '.join(missing)}"
        )
        self.message_id = message_id
        self.missing = missing


class LibraryMissingError(ClientError):
    """Something was asked for that needs a library which is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        """Keep the *library*, and the *extra* of this package that brings it."""
        super().__init__(f"this needs {library}: install twistedmq[{extra}]")
        self.library = library
        self.extra = extra


class NoOutcomeError(ClientError):
    """A function of a transaction gave something that is no ``Outcome``."""

    def __init__(self, given: object) -> None:
        """Keep what was given."""
        super().__init__(f"a transaction ends with an Outcome, not with {given!r}")
        self.given = given


class NoTransactionCheckError(ClientError):
    """A transaction was begun by a producer that could not tell what became of it."""

    def __init__(self, group: str) -> None:
        """Keep the group of the producer."""
        super().__init__(f"the producer of group {group!r} was made without check=")
        self.group = group


def _code_name(code: int) -> str:
    try:
        return ResponseCode(code).name
    except ValueError:
        return "unknown code"
