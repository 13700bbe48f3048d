"""The key-value table: texts by namespace and key, kept in one file."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.namesrv.registrations import TooManyError
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import KVConfigSerializeWrapper, KVTable
from twistedmq.protocol.errors import FieldError, TwistedMQError

ORDER_NAMESPACE = "ORDER_TOPIC_CONFIG"
"""Holds how the queues of ordered topics are spread, by topic."""

Save = Callable[[bytes], "Deferred[None]"]


class NotKeptError(TwistedMQError):
    """A change could not be written; it did not happen."""

    def __init__(self, reason: str) -> None:
        """Keep why."""
        super().__init__(f"the change cannot be kept: {reason}")
        self.reason = reason


class KeyValues:
    """The table; each change is on the disk before it is answered.

    ``revision`` rises with every change.
    """

    _log = Logger()

    def __init__(self, save: Save, max_bytes: Callable[[], int]) -> None:
        """*save* keeps the whole table as given, and fires when it has."""
        self.revision = 0
        self._table: dict[str, dict[str, str]] = {}
        self._save = save
        self._max_bytes = max_bytes
        self._bytes = 0

    def load(self, data: bytes | None) -> None:
        """Begin with what was kept.

        Raises: FieldError, if that cannot be read.
        """
        if data:
            kept = loose_json.decode(data, type=KVConfigSerializeWrapper)
            self._table = kept.config_table
            self._bytes = sum(map(_size, self._table.values()))
            self.revision += 1

    def get(self, namespace: str, key: str) -> str | None:
        """Give one value."""
        return self._table.get(namespace, {}).get(key)

    def namespace(self, namespace: str) -> bytes | None:
        """Give a whole namespace as a body, None if there was never a key in it."""
        table = self._table.get(namespace)
        return None if table is None else loose_json.encode(KVTable(table=table))

    def put(self, namespace: str, key: str, value: str) -> Deferred[None]:
        """Set one value; fires when it is kept.

        Raises: TooManyError, if the table would be too large.
        """
        more = _size({key: value}) - _size(self._entry(namespace, key))
        if more > 0 and self._bytes + more > self._max_bytes():
            raise TooManyError("bytes of keys", self._max_bytes(), "maxKvBytes")
        return self._change(namespace, key, value)

    def delete(self, namespace: str, key: str) -> Deferred[None]:
        """Remove one key; fires when that is kept."""
        return self._change(namespace, key, None)

    def _entry(self, namespace: str, key: str) -> dict[str, str]:
        value = self.get(namespace, key)
        return {} if value is None else {key: value}

    def _change(self, namespace: str, key: str, value: str | None) -> Deferred[None]:
        before = self.get(namespace, key)
        self._set(namespace, key, value)
        kept = KVConfigSerializeWrapper(config_table=self._table)
        saved = self._save(loose_json.encode(kept))
        return saved.addErrback(self._take_back, namespace, key, value, before)

    def _set(self, namespace: str, key: str, value: str | None) -> None:
        self._bytes -= _size(self._entry(namespace, key))
        if value is not None:
            self._table.setdefault(namespace, {})[key] = value
            self._bytes += _size({key: value})
        elif namespace in self._table:
            self._table[namespace].pop(key, None)
        self.revision += 1

    def _take_back(
        self,
        failure: Failure,
        namespace: str,
        key: str,
        value: str | None,
        before: str | None,
    ) -> None:
        failure.trap(OSError)
        if self.get(namespace, key) == value:  # nobody has changed it since
            self._set(namespace, key, before)
        reason = str(failure.value)
        self._log.error("the key-value table cannot be kept: {reason}", reason=reason)
        raise NotKeptError(reason)


def readable(data: bytes) -> None:
    """Raise ValueError unless *data* is a table that was kept."""
    try:
        loose_json.decode(data, type=KVConfigSerializeWrapper)
    except FieldError as error:
        raise ValueError(str(error)) from error


def _size(table: dict[str, str]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in table.items())
