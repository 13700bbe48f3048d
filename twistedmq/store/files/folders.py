"""Folders that are still there after a loss of power, and so is the mark in them."""

import os
from pathlib import Path

from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files_layer import Files, write_all


def make_folder(files: Files, folder: Path) -> None:
    """Make *folder*, for good.

    Syncing a file says nothing about the names that lead to it, so those of folders
    that are new are synced here.
    """
    missing = []
    at = folder
    while not files.is_folder(at) and at != at.parent:
        missing.append(at)
        at = at.parent
    files.make_folder(folder)
    for made in reversed(missing):
        files.sync_folder(made.parent)


def mark_running(files: Files, paths: StorePaths) -> None:
    """Leave the mark of a store in use; it is on the disk before anything is stored.

    A mark that a loss of power took would have the next start believe files that
    nobody vouched for. It tells the run of the machine, see ``ran_since_boot``.
    """
    abort = files.open(paths.abort, create=True)
    abort.resize(0)
    write_all(abort, f"{os.getpid()} {files.boot_id()}".encode(), 0)
    abort.sync()
    files.sync_folder(paths.root)


def ran_since_boot(files: Files, paths: StorePaths) -> bool:
    """Whether the mark that was left is of this run of the machine.

    Then nothing that was written is lost or torn, synced or not.
    """
    if not files.size(paths.abort) or not files.boot_id():
        return False
    mark = bytes(files.open(paths.abort).read(256, 0))
    return mark.endswith(f" {files.boot_id()}".encode())
