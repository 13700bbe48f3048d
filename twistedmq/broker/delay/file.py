"""delayOffset.json: the progress of the delay levels on disk, in the genuine format."""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from twistedmq.broker.delay.progress import DelayProgress
from twistedmq.broker.saving import SavingService
from twistedmq.broker.table_file import TableFile
from twistedmq.config.delay import DelayConfig
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DelayOffsetSerializeWrapper
from twistedmq.protocol.errors import FieldError
from twistedmq.store.json_file import AtomicJsonFile


class DelayOffsetFile(SavingService):
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
        super().__init__(clock, lambda: config.value.flush_interval_ms)
        self._file = file
        self._progress = progress
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

    def _due(self) -> None:
        for level in self._progress.take_changed():
            self._writer.changed(str(level))

    def _save(self) -> Deferred[None] | None:
        self._due()
        saved = self._writer.saved()
        # TableFile has logged what goes wrong.
        return None if saved is None else saved.addErrback(lambda _: None)

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
