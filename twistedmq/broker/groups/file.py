"""subscriptionGroup.json: the group table on disk, in the genuine format."""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.table_file import TableFile
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import SubscriptionGroupConfig, SubscriptionGroupWrapper
from twistedmq.protocol.errors import FieldError
from twistedmq.store.json_file import AtomicJsonFile


class GroupFile:
    """Keeps *file* as the table is, once it is loaded."""

    def __init__(
        self, clock: IReactorTime, file: AtomicJsonFile, groups: GroupTable
    ) -> None:
        self._file = file
        self._groups = groups
        self._writer = TableFile(
            clock, file, self._head, "subscriptionGroupTable", self._entry
        )

    def load(self) -> None:
        """Fill the table from the file, where there is one, and follow it from now on.

        A file that cannot be read is passed over for its backup.
        """
        data = self._file.load(_decode)
        if data is not None:
            held = _decode(data)
            self._groups.load(
                held.subscription_group_table,
                held.forbidden_table or {},
                held.data_version,
            )
        for group in self._groups:
            self._writer.prime(group)
        self._groups.on_change(self._changed)

    def saved(self) -> Deferred[None] | None:
        """None if every change is on disk; else fires once those so far are."""
        return self._writer.saved()

    def save_now(self) -> None:
        """Write the file before returning: the broker stops."""
        self._file.save_now(self._writer.encoded())

    def _changed(self, group: str, _: SubscriptionGroupConfig | None) -> None:
        self._writer.changed(group)

    def _head(self) -> bytes:
        version = loose_json.encode_strict(self._groups.data_version)
        forbidden = loose_json.encode_strict(self._groups.forbidden())
        return b'"dataVersion":%b,\n"forbiddenTable":%b' % (version, forbidden)

    def _entry(self, group: str) -> bytes | None:
        config = self._groups.peek(group)
        return None if config is None else loose_json.encode_strict(config)


def _decode(data: bytes) -> SubscriptionGroupWrapper:
    try:
        return loose_json.decode(data, type=SubscriptionGroupWrapper)
    except FieldError as error:
        raise ValueError(str(error)) from error
