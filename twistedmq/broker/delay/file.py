"""delayOffset.json: the progress of the delay levels on disk, in the genuine format."""

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twistedmq.broker.delay.progress import DelayProgress
from twistedmq.broker.table_file import TableFile
from twistedmq.config.delay import DelayConfig
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DelayOffsetSerializeWrapper
from twistedmq.protocol.errors import FieldError
from twistedmq.store.json_file import AtomicJsonFile


class DelayOffsetFile(Service):
    """Writes down how far the levels are, every so often and at the end.

    Args:
        clock: when to write.
        file: where to.
        progress: what.
        config: how often.
    """

    def __init__(
        self,
        clock: IReactorTime,
        file: AtomicJsonFile,
        progress: DelayProgress,
        config: Live[DelayConfig],
    ) -> None:
        self._clock = clock
        self._file = file
        self._progress = progress
        self._config = config
        self._next: IDelayedCall | None = None
        self._writer = TableFile(clock, file, self._head, "offsetTable", self._entry)

    def load(self) -> None:
        """Take the progress from the file, where there is one.

        A file that cannot be read is passed over for its backup.
        """
        data = self._file.load(_decode)
        if data is not None:
            held = _decode(data)
            self._progress.load(held.offset_table, held.data_version)
        for level in self._progress.offsets():
            self._writer.prime(str(level))

    def startService(self) -> None:
        """Write from now on."""
        super().startService()
        self._plan()

    def stopService(self) -> Deferred[None]:
        """Write what is left; fires when that is done, or has failed and was logged."""
        super().stopService()
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._note_changes()
        saved = self._writer.saved() or succeed(None)
        return saved.addErrback(lambda _: None)  # TableFile has logged it

    def _plan(self) -> None:
        delay_s = self._config.value.flush_interval_ms / 1000
        self._next = self._clock.callLater(delay_s, self._round)

    def _round(self) -> None:
        self._note_changes()
        self._plan()

    def _note_changes(self) -> None:
        for level in self._progress.take_changed():
            self._writer.changed(str(level))

    def _head(self) -> bytes:
        version = loose_json.encode_strict(self._progress.data_version)
        return b'"dataVersion":%b' % version

    def _entry(self, level: str) -> bytes:
        return b"%d" % self._progress.offset(int(level))


def _decode(data: bytes) -> DelayOffsetSerializeWrapper:
    try:
        return loose_json.decode(data, type=DelayOffsetSerializeWrapper)
    except FieldError as error:
        raise ValueError(str(error)) from error
