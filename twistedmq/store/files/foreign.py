"""Refuse directories that hold something else than a store of this format."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from twistedmq.protocol.record import BLANK_MAGIC
from twistedmq.protocol.record_layout import MAGIC_V1, MAGIC_V2
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.paths import StorePaths, is_file_name
from twistedmq.store.files_layer import Files

_SHARED_ROCKSDB: Final = frozenset({"rocksdbstore", "kvStore"})
"""Databases that a genuine broker may make without keeping anything in them.

Release 5.4.0 always makes the first one.
"""
_KEPT_IN: Final = {
    "config": "topics, groups or offsets are kept in RocksDB (storeType=defaultRocksDB "
    "or configManagerVersion=v2)",
    "consumequeue": "its queues are kept in RocksDB (storeType=defaultRocksDB or "
    "rocksdbCQDoubleWriteEnable)",
    "consumequeue_r": "its queues are kept in RocksDB (storeType=defaultRocksDB)",
    "kvStore": "popped messages are kept in RocksDB (popConsumerKVServiceEnable)",
    "rocksdbstore": "transactions, timers or the index are kept in RocksDB "
    "(transRocksDBEnable, timerRocksDBEnable, indexRocksDBEnable)",
}
_OURS: Final = frozenset(
    {
        "abort",
        "batchconsumequeue",
        "checkpoint",
        "commitlog",
        "config",
        "consumequeue",
        "index",
        "lock",
        "twistedmq.vouch",
    }
)
_MAGICS: Final = frozenset(
    magic.to_bytes(4, "big") for magic in (MAGIC_V1, MAGIC_V2, BLANK_MAGIC)
)
_SIGNS: Final = frozenset({"abort", "checkpoint", "consumequeue", "twistedmq.vouch"})
"""Where one of these lies, a broker has been at work, and recovery decides."""
_HARMLESS: Final = frozenset(
    {"logs", "lost+found", "namesrv", "kvConfig.json", "rocksdbstore"}
)
"""Names that may lie in a directory where a store is yet to begin."""


def refuse_foreign(files: Files, paths: StorePaths) -> None:
    """Look into the directory of a store before anything is done to it.

    Raises:
        StoreOpenError: what is there is not ours to touch.
    """
    if files.size(paths.root) is not None:
        raise StoreOpenError(paths.root, "it is a file, not a directory")
    names = set(files.list(paths.root))
    refuse_other_kinds(files, paths)
    visible = {name for name in names - _HARMLESS if not name.startswith(".")}
    if visible and not visible & _OURS:
        raise StoreOpenError(
            paths.root,
            f"it is not empty and holds no store (there is {min(visible)!r}); "
            "name an empty directory or one of a RocketMQ broker",
        )
    segments = list(_segments(files, paths))
    if not names & _SIGNS and segments:
        _refuse_other_log(files, paths, min(segments, key=lambda path: path.name))


def refuse_other_kinds(files: Files, paths: StorePaths) -> None:
    """See that it is no store of another kind, whole or not.

    Raises:
        StoreOpenError: it is; the text names the kind.
    """
    _refuse_databases(files, paths)
    for folder in (paths.root, *paths.log_folders):
        for name in files.list(folder):
            if name.lower().startswith("dledger-"):
                raise StoreOpenError(
                    paths.root,
                    f"it is a DLedger store ({folder / name}), which is not supported",
                )


def _refuse_databases(files: Files, paths: StorePaths) -> None:
    """See that nothing of the store is kept in RocksDB, in whichever place."""
    folders = [paths.root, paths.queues, paths.root / "consumequeue_r"]
    folders += [paths.root / name for name in _SHARED_ROCKSDB]
    folders += [paths.config / name for name in files.list(paths.config)]
    for folder in folders:
        names = files.list(folder)
        if "CURRENT" not in names or not any(n.startswith("MANIFEST-") for n in names):
            continue
        if folder.name in _SHARED_ROCKSDB and not _holds_data(files, folder, names):
            continue
        place = "config" if folder.parent == paths.config else folder.name
        what = _KEPT_IN.get(place, "it is a RocksDB database")
        raise StoreOpenError(paths.root, f"{what}: {folder}; that is not supported")


def _holds_data(files: Files, folder: Path, names: Sequence[str]) -> bool:
    return any(
        name.endswith((".sst", ".blob"))
        or (name.endswith(".log") and files.size(folder / name))
        for name in names
    )


def _segments(files: Files, paths: StorePaths) -> Iterator[Path]:
    """Give the files of the commit log, among which there is no stranger."""
    for folder in (*paths.log_folders, *paths.read_only_log_folders):
        for name in files.list(folder):
            path = folder / name
            if is_file_name(name):
                yield path
            elif not files.is_folder(path):
                raise StoreOpenError(
                    paths.root, f"{path} is not a file of a commit log; move it away"
                )


def _refuse_other_log(files: Files, paths: StorePaths, first: Path) -> None:
    """See that the log begins with a record, or with nothing at all.

    Recovery would cut off anything else.
    """
    start = bytes(files.open(first).read(8, 0))
    if start.strip(b"\0") and start[4:] not in _MAGICS:
        raise StoreOpenError(
            paths.root, f"{first} does not begin with a message; move it away"
        )
