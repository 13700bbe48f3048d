"""topics.json: the topic table on disk, in the genuine format."""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from twistedmq.broker.table_file import TableFile
from twistedmq.broker.topics.table import TopicTable
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import TopicConfig, TopicConfigSerializeWrapper
from twistedmq.protocol.errors import FieldError
from twistedmq.store.json_file import AtomicJsonFile


class TopicFile:
    """Keeps *file* as the table is, once it is loaded."""

    def __init__(
        self, clock: IReactorTime, file: AtomicJsonFile, topics: TopicTable
    ) -> None:
        self._file = file
        self._topics = topics
        self._writer = TableFile(
            clock, file, self._head, "topicConfigTable", self._entry
        )

    def load(self) -> None:
        """Fill the table from the file, where there is one, and follow it from now on.

        A file that cannot be read is passed over for its backup.
        """
        data = self._file.load(_decode)
        if data is not None:
            held = _decode(data)
            self._topics.load(held.topic_config_table, held.data_version)
        for topic in self._topics:
            self._writer.prime(topic)
        self._topics.on_change(self._changed)

    def saved(self) -> Deferred[None] | None:
        """None if every change is on disk; else fires once those so far are."""
        return self._writer.saved()

    def save_now(self) -> None:
        """Write the file before returning: the broker stops."""
        self._file.save_now(self._writer.encoded())

    def _changed(self, topic: str, _: TopicConfig | None) -> None:
        self._writer.changed(topic)

    def _head(self) -> bytes:
        version = loose_json.encode_strict(self._topics.data_version)
        return b'"dataVersion":' + version

    def _entry(self, topic: str) -> bytes | None:
        config = self._topics.get(topic)
        return None if config is None else loose_json.encode_strict(config)


def _decode(data: bytes) -> TopicConfigSerializeWrapper:
    try:
        return loose_json.decode(data, type=TopicConfigSerializeWrapper)
    except FieldError as error:
        raise ValueError(str(error)) from error
