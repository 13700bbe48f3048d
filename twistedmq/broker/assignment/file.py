"""messageRequestMode.json: what operators chose, on disk, in the genuine format."""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from twistedmq.broker.assignment.modes import RequestModes
from twistedmq.broker.table_file import TableFile
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import MessageRequestModeSerializeWrapper
from twistedmq.protocol.errors import FieldError
from twistedmq.store.json_file import AtomicJsonFile


class ModeFile:
    """Keeps *file* as the choices are, once it is loaded."""

    def __init__(
        self, clock: IReactorTime, file: AtomicJsonFile, modes: RequestModes
    ) -> None:
        self._file = file
        self._modes = modes
        self._writer = TableFile(
            clock, file, lambda: b"", "messageRequestModeMap", self._entry
        )

    def load(self) -> None:
        """Fill the choices from the file, where there is one, and follow them.

        A file that cannot be read is passed over for its backup.
        """
        data = self._file.load(_decode)
        if data is not None:
            self._modes.load(_decode(data).message_request_mode_map)
        for topic in self._modes:
            self._writer.prime(topic)
        self._modes.on_change(self._writer.changed)

    def saved(self) -> Deferred[None] | None:
        """None if every change is on disk; else fires once those so far are."""
        return self._writer.saved()

    def _entry(self, topic: str) -> bytes | None:
        return loose_json.encode_strict(dict(self._modes.chosen(topic)))


def _decode(data: bytes) -> MessageRequestModeSerializeWrapper:
    try:
        return loose_json.decode(data, type=MessageRequestModeSerializeWrapper)
    except FieldError as error:
        raise ValueError(str(error)) from error
