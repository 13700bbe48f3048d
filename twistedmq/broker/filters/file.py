"""consumerFilter.json: the conditions of groups on disk, in the genuine format."""

from msgspec import Struct, field
from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from twistedmq.broker.filters.table import ConsumerFilters, FilterDataOfTopic
from twistedmq.broker.table_file import TableFile
from twistedmq.protocol import loose_json
from twistedmq.protocol.errors import FieldError
from twistedmq.store.json_file import AtomicJsonFile


class _Held(Struct, kw_only=True, rename="camel"):
    filter_data_by_topic: dict[str, FilterDataOfTopic] = field(default_factory=dict)


class FilterFile(Service):
    """Keeps *file* as the table is, once it is loaded.

    Nothing is written before somebody subscribes by condition.
    """

    _log = Logger()

    def __init__(
        self, clock: IReactorTime, file: AtomicJsonFile, filters: ConsumerFilters
    ) -> None:
        self._file = file
        self._filters = filters
        self._unsaved = False
        self._writer = TableFile(
            clock, file, lambda: b"", "filterDataByTopic", self._entry
        )

    def load(self) -> None:
        """Fill the table from the file, where there is one, and follow it from now on.

        A file that cannot be read is passed over for its backup.
        """
        data = self._file.load(_decode)
        if data is not None and not self._filters.load(_decode(data)):
            self._log.warn(
                "consumerFilter.json was written with another "
                "maxErrorRateOfBloomFilter or expectConsumerNumUseFilter; it is begun "
                "anew"
            )
        for topic in self._filters.topics():
            self._writer.prime(topic)
        self._filters.on_change(self._changed)

    def stopService(self) -> None:
        """Write what is not written yet, before returning."""
        super().stopService()
        if self._unsaved:
            self._file.save_now(self._writer.encoded())

    def _changed(self, topic: str) -> None:
        self._unsaved = True
        self._writer.changed(topic)

    def _entry(self, topic: str) -> bytes | None:
        data = self._filters.of_topic(topic)
        return None if data is None else loose_json.encode_strict(data)


def _decode(data: bytes) -> dict[str, FilterDataOfTopic]:
    try:
        return loose_json.decode(data, type=_Held).filter_data_by_topic
    except FieldError as error:
        raise ValueError(str(error)) from error
