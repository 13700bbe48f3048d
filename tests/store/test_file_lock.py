import subprocess
import sys
from pathlib import Path

import pytest

from twistedmq.store.file_lock import FileLock

ANOTHER_PROCESS = """
import sys
from pathlib import Path
from twistedmq.store.file_lock import FileLock
try:
    FileLock(Path(sys.argv[1]), sys.argv[2] == "True")
except OSError as error:
    print(error.errno is not None)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no record locks")
def test_it_keeps_other_processes_and_this_one_out(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock(path, record_locks=True)
    with pytest.raises(BlockingIOError, match="locked by this process"):
        FileLock(path, record_locks=True)
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(path), "True"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout == "True\n"
    del lock
    assert path.read_bytes() == b"lock"  # a lock would end with this look at it
    FileLock(path, record_locks=True)


def test_without_record_locks_this_process_is_kept_out(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock", record_locks=False)
    with pytest.raises(BlockingIOError):
        FileLock(tmp_path / "lock", record_locks=False)
    del lock
    FileLock(tmp_path / "lock", record_locks=False)
