"""The folders of one commit log: in which of them a segment is, and a new one goes.

Segments go round the folders by their number, so that several disks share the work. A
folder that is nearly full, or only read from, gets no new ones; what it has is still
part of the log. Source: MultiPathMappedFileQueue.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.folders import make_folder
from twistedmq.store.files.paths import StorePaths, file_name, is_file_name
from twistedmq.store.files_layer import Files


def log_folders_of(
    files: Files, paths: StorePaths, config: Live[StoreConfig]
) -> "LogFolders":
    """Give the folders that the settings name."""

    def is_full(folder: Path) -> bool:
        return files.disk_use(folder).percent > config.value.disk_force_percent

    return LogFolders(files, paths.log_folders, paths.read_only_log_folders, is_full)


class LogFolders:
    """Knows segments by the physical offset (base) at which they begin."""

    def __init__(
        self,
        files: Files,
        folders: Sequence[Path],
        read_only: Sequence[Path] = (),
        is_full: Callable[[Path], bool] = lambda folder: False,
    ) -> None:
        """New segments go into those of *folders* that are not *read_only*.

        *is_full* says whether a folder's disk should rather be left alone.
        """
        self._files = files
        self._all = tuple(dict.fromkeys((*folders, *read_only)))
        self._read_only = tuple(read_only)
        self._writable = sorted(set(folders) - set(read_only), key=str)
        self._is_full = is_full
        self._folder_of: dict[int, Path] = {}
        self._changed: set[Path] = set()
        self._lock = Lock()
        """Syncs run in a thread, and a folder must not be noted into what they took."""

    @property
    def main(self) -> Path:
        """The folder that stands for all of them in messages."""
        return self._all[0]

    @property
    def all(self) -> tuple[Path, ...]:
        """Every folder, those only read from last."""
        return self._all

    def make(self) -> None:
        """Make the folders into which segments go.

        Raises:
            StoreOpenError: a folder that is only read from is not there; with it, a
                part of the log would be missing.
        """
        for folder in self._writable:
            make_folder(self._files, folder)
        for folder in self._read_only:
            if not self._files.is_folder(folder):
                raise StoreOpenError(
                    folder, "readOnlyCommitLogStorePaths names it, but it is not there"
                )

    def load(self) -> list[str]:
        """Find the segments; gives the names of their files in order.

        Raises:
            StoreOpenError: two folders have the same segment.
        """
        found: dict[str, Path] = {}
        for folder in self._all:
            for name in filter(is_file_name, self._files.list(folder)):
                if name in found:
                    raise StoreOpenError(
                        folder, f"its file {name} is in {found[name]} as well"
                    )
                found[name] = folder
        self._folder_of = {int(name): folder for name, folder in found.items()}
        return sorted(found)

    def path(self, base: int, number: int) -> Path:
        """Give the path of a segment; of one that is new, where it is to be made.

        *number* counts the segments from the beginning of the log.
        """
        folder = self._folder_of.get(base)
        if folder is None:
            folder = self._folder_of[base] = self._choose(number)
            self._note(folder)
        return folder / file_name(base)

    def _choose(self, number: int) -> Path:
        writable = self._writable
        if len(writable) > 1:
            roomy = [folder for folder in writable if not self._is_full(folder)]
            writable = roomy or writable
        return writable[number % len(writable)]

    def remove(self, base: int, number: int) -> None:
        """Remove the file of a segment."""
        path = self.path(base, number)
        self._files.remove(path)
        self.forget(base)
        self._note(path.parent)

    def forget(self, base: int) -> None:
        """Let go of a segment that is gone; a new one at its place may go elsewhere."""
        self._folder_of.pop(base, None)

    @property
    def are_to_be_synced(self) -> bool:
        """Whether ``sync`` would have anything to do."""
        return bool(self._changed)

    def sync(self) -> None:
        """Return when the names of new and removed segments are on the disk."""
        with self._lock:
            changed, self._changed = self._changed, set()
        try:
            for folder in sorted(changed):
                self._files.sync_folder(folder)
        except OSError:
            for folder in changed:
                self._note(folder)
            raise

    def _note(self, folder: Path) -> None:
        with self._lock:
            self._changed.add(folder)
