"""What the tables of topics and of groups have in common: a version, and listeners."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

from msgspec.structs import replace

from twistedmq.protocol.bodies import DataVersion

ConfigT = TypeVar("ConfigT")


class VersionedTable(Generic[ConfigT]):
    """Settings by name, whose version changes with every change.

    What is in the table is never changed in place, so whoever was given an entry may
    keep it: a change puts another in its place and tells the listeners.
    """

    def __init__(self, configs: dict[str, ConfigT], wall_ms: Callable[[], int]) -> None:
        """Begin with *configs*; the wall clock is for the version."""
        self._configs = configs
        self._wall_ms = wall_ms
        self._listeners: list[Callable[[str, ConfigT | None], None]] = []
        self._version = DataVersion(timestamp=wall_ms())

    @property
    def data_version(self) -> DataVersion:
        """Changes with every change of the table."""
        return self._version

    def __len__(self) -> int:
        """Count the entries."""
        return len(self._configs)

    def __iter__(self) -> Iterator[str]:
        """Give all names."""
        return iter(self._configs)

    def __contains__(self, name: object) -> bool:
        """Say whether *name* has an entry; creates none."""
        return name in self._configs

    def view(self) -> Mapping[str, ConfigT]:
        """Give the table itself, to read only; it changes under the reader's eyes."""
        return MappingProxyType(self._configs)

    def snapshot(self) -> dict[str, ConfigT]:
        """Give a copy of the table."""
        return dict(self._configs)

    def on_change(self, listener: Callable[[str, ConfigT | None], None]) -> None:
        """Have *listener* told of every change, after it was made.

        It gets the name, and the new state, None where the entry was deleted.
        """
        self._listeners.append(listener)

    def _take_over(self, configs: Mapping[str, ConfigT], version: DataVersion) -> None:
        """Begin with what a file holds, over what exists by itself; nobody is told."""
        self._configs.update(configs)
        self._version = version

    def _changed(self, name: str) -> None:
        """Give the table a new version and tell the listeners how *name* is now."""
        version = self._version
        self._version = replace(
            version, timestamp=self._wall_ms(), counter=version.counter + 1
        )
        config = self._configs.get(name)
        for listener in self._listeners:
            listener(name, config)
