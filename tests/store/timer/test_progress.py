from pathlib import Path
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.store.timer.progress import (
    PROGRESS_BYTES,
    TimerProgress,
    decode_progress,
    read_progress,
    write_progress,
)
from twistedmq.testing import FakeFiles

PATH = Path("/store/config/timercheck")
GENUINE = (1795698291000, 3588, 66, 66, 0, 1795698292007, 22)
amounts = st.integers(0, 2**63 - 1)


def test_the_bytes_of_the_genuine_broker() -> None:
    progress = TimerProgress(*GENUINE)
    assert progress.encode() == pack(">7q", *GENUINE)
    assert decode_progress(pack(">7q", *GENUINE).ljust(4096, b"\0")) == progress
    assert decode_progress(pack(">4q", *GENUINE[:4])) == TimerProgress(*GENUINE[:4])


@given(st.builds(TimerProgress, *[amounts] * 7))
def test_what_is_written_is_read(progress: TimerProgress) -> None:
    files = FakeFiles()
    assert read_progress(files, PATH) is None
    write_progress(files, PATH, TimerProgress(1, 2, 3, 4, 5, 6, 7))
    write_progress(files, PATH, progress)
    assert files.size(PATH) == PROGRESS_BYTES
    assert read_progress(files, PATH) == progress


@pytest.mark.parametrize("data", [b"", b"x" * 31, pack(">4q", -1, 0, 0, 0)])
def test_what_is_no_progress(data: bytes) -> None:
    with pytest.raises(ValueError, match="it h"):
        decode_progress(data)


@given(st.binary(max_size=100))
def test_any_bytes_are_progress_or_none(data: bytes) -> None:
    try:
        progress = decode_progress(data)
    except ValueError:
        return
    assert progress.encode()[:32] == data[:32]
