"""Why a store cannot be opened."""

from pathlib import Path

from twistedmq.protocol.errors import TwistedMQError


class StoreOpenError(TwistedMQError):
    """The store cannot be opened; its text is one line for the operator."""

    def __init__(self, directory: Path, problem: str) -> None:
        """Say what the *problem* with *directory* is."""
        super().__init__(f"the store {directory} cannot be opened: {problem}")
        self.directory = directory
        self.problem = problem
