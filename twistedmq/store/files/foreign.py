"""Refuse directories that hold something else than a store of this format."""

from typing import Final

from twistedmq.protocol.record import BLANK_MAGIC
from twistedmq.protocol.record_layout import MAGIC_V1, MAGIC_V2
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.paths import StorePaths, is_file_name
from twistedmq.store.files_layer import Files

_ROCKSDB: Final = ("consumequeue_r",)
_ROCKSDB_MARKS: Final = ("CURRENT", "IDENTITY")
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
    for name in names:
        lowered = name.lower()
        if lowered in _ROCKSDB or name in _ROCKSDB_MARKS:
            raise StoreOpenError(
                paths.root,
                f"it was written with storeType=defaultRocksDB ({name}), which is "
                "not supported",
            )
        if lowered.startswith("dledger-"):
            raise StoreOpenError(
                paths.root, f"it is a DLedger store ({name}), which is not supported"
            )
    visible = {name for name in names - _HARMLESS if not name.startswith(".")}
    if visible and not visible & _OURS:
        raise StoreOpenError(
            paths.root,
            f"it is not empty and holds no store (there is {min(visible)!r}); "
            "name an empty directory or one of a RocketMQ broker",
        )
    log_folders = (*paths.log_folders, *paths.read_only_log_folders)
    for folder in log_folders:
        for name in files.list(folder):
            path = folder / name
            if not is_file_name(name) and not files.is_folder(path):
                raise StoreOpenError(
                    paths.root, f"{path} is not a file of a commit log; move it away"
                )
    if not names & _SIGNS:
        _refuse_other_log(files, paths)


def _refuse_other_log(files: Files, paths: StorePaths) -> None:
    """See that the log begins with a record, or with nothing at all.

    Recovery would cut off anything else.
    """
    segments = [
        folder / name
        for folder in (*paths.log_folders, *paths.read_only_log_folders)
        for name in filter(is_file_name, files.list(folder))
    ]
    if not segments:
        return
    path = min(segments, key=lambda path: path.name)
    start = bytes(files.open(path).read(8, 0))
    if start.strip(b"\0") and start[4:] not in _MAGICS:
        raise StoreOpenError(
            paths.root, f"{path} does not begin with a message; move it away"
        )
