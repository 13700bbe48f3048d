"""What goes wrong with SQL92: in an expression, or with a message it is asked of."""


class SqlError(Exception):
    """An expression that is refused; ``at`` is the place in its text, from 0."""

    def __init__(self, problem: str, at: int) -> None:
        """Say what is wrong, and where."""
        super().__init__(problem)
        self.problem = problem
        self.at = at


class UndecidedError(Exception):
    """A message of which the expression cannot be asked: text where a number must be.

    Upstream raises there too, and does not deliver the message.
    """
