"""Files that are there whole, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, *, replace: bool = False) -> Iterator[BinaryIO]:
    """Give a file to write to, which comes to its place once all of it is written.

    Until then, and where writing fails or is called off, what is in that place stays as
    it is: nothing, or, with *replace*, the file that is written anew.

    Raises:
        FileExistsError: something is there, and is not to be replaced.
        OSError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    if not replace:
        # the name is taken at once: the work would be in vain if somebody else had it
        path.open("xb").close()
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        if not replace:
            path.unlink(missing_ok=True)
        raise
