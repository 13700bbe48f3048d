"""Where the files of a store are and how they are named: as genuinely."""

from typing import Final

from twistedmq.config.store import StoreConfig
from twistedmq.config.values import paths_in

NAME_DIGITS: Final = 20
DELETED_PREFIX: Final = ".deleted-"
"""Begins the name of a folder that is on its way out."""


class StorePaths:
    """The paths of one store."""

    def __init__(self, config: StoreConfig) -> None:
        root = config.root_directory
        self.root = root
        separator = config.folder_separator
        own_folder = root / "commitlog"
        self.log_folders = paths_in(config.log_folders, separator) or (own_folder,)
        self.read_only_log_folders = paths_in(config.read_only_log_folders, separator)
        self.commit_log = self.log_folders[0]
        """One folder of the log; for all of them see ``LogFolders``."""
        self.queues = root / "consumequeue"
        self.batch_queues = root / "batchconsumequeue"
        self.extended = root / "consumequeue_ext"
        self.index = root / "index"
        self.config = root / "config"
        self.checkpoint = root / "checkpoint"
        self.abort = root / "abort"
        """There while a broker runs; found at the start, it did not stop in order."""
        self.lock = root / "lock"
        self.vouch = root / "twistedmq.vouch"
        """What is known to be on the disk; other programs ignore it."""
        self.deletions = root / "twistedmq.deletions"
        """Topics that were deleted since that was written."""


def file_name(offset: int) -> str:
    """Give the name of the file whose first byte is at *offset*."""
    return f"{offset:0{NAME_DIGITS}d}"


def is_file_name(name: str) -> bool:
    """Whether *name* is one that ``file_name`` gives."""
    return len(name) == NAME_DIGITS and name.isascii() and name.isdigit()
