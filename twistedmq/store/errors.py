"""Why a store cannot be opened, or a message of it not be read."""

from pathlib import Path

from twistedmq.protocol.errors import TwistedMQError


class StoreOpenError(TwistedMQError):
    """The store cannot be opened; its text is one line for the operator."""

    def __init__(self, directory: Path, problem: str) -> None:
        """Say what the *problem* with *directory* is."""
        super().__init__(f"the store {directory} cannot be opened: {problem}")
        self.directory = directory
        self.problem = problem


class DamagedRecordError(TwistedMQError):
    """A record is no longer what was stored, so it is not given to anybody."""

    def __init__(self, physical_offset: int) -> None:
        """Keep where it begins."""
        super().__init__(
            f"the message at physical offset {physical_offset} is damaged: its record, "
            "or the queue entry that leads there, is not what was stored"
        )
        self.physical_offset = physical_offset


class DamagedEntryError(DamagedRecordError):
    """A queue entry leads nowhere, so there is no knowing what it stood for."""

    def __init__(self, topic: str, queue_id: int, queue_offset: int) -> None:
        """Keep which one."""
        TwistedMQError.__init__(
            self,
            f"the entry of queue {topic}/{queue_id} at queue offset {queue_offset} is "
            "damaged",
        )
        self.physical_offset = -1
        self.topic = topic
        self.queue_id = queue_id
        self.queue_offset = queue_offset
