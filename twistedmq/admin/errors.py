"""What can go wrong for an operator, besides the errors of the client."""

from twistedmq.protocol.errors import InvalidParameterError


class NotThereError(InvalidParameterError):
    """What was asked about is not there: a cluster of that name, say."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        """Keep what *kind* of thing it is, its *name*, and the names there are."""
        there_are = ", ".join(known) or "none at all"
        super().__init__(f"there is no {kind} {name!r}, only {there_are}")
        self.kind = kind
        self.name = name
        self.known = known
