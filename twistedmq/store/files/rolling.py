"""A batch larger than what the current segment has room for."""

from collections.abc import Callable, Sequence

from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.store.files.commit_log import CommitLog

LayOut = Callable[
    [SendBatch, int, int, int, Sequence[int], Sequence[int], int, bytes], list[bytes]
]
"""``twistedmq.protocol.record_layout.lay_out``, or what does the same and more."""


def append_rolling(
    log: CommitLog,
    batch: SendBatch,
    queue_offsets: Sequence[int],
    sizes: Sequence[int],
    store_ms: int,
    store_host: bytes,
    lay_out: LayOut,
) -> list[tuple[int, int, int]]:
    """Append *batch*; gives (start, stop, physical offset) of messages in a row.

    Raises:
        OSError: nothing was added.
        MessageIllegalError: a record is larger than a segment; nothing was added.
    """
    begin = log.end
    pieces: list[tuple[int, int, int]] = []
    try:
        start = 0
        while start < len(sizes):
            stop = _fitting(sizes, start, log.room)
            if stop == start:
                _begin_segment(log, sizes[start])
                continue
            at = log.end
            records = lay_out(
                batch, start, stop, at, queue_offsets, sizes, store_ms, store_host
            )
            log.append(b"".join(records))
            pieces.append((start, stop, at))
            start = stop
    except Exception:
        if log.end != begin:
            log.restore(begin)
        raise
    return pieces


def _fitting(sizes: Sequence[int], start: int, room: int) -> int:
    """Give the index behind the last record that still fits."""
    while start < len(sizes) and sizes[start] <= room:
        room -= sizes[start]
        start += 1
    return start


def _begin_segment(log: CommitLog, size: int) -> None:
    segment_bytes = log.segment_end(log.end) - log.end
    if log.is_at_segment_start:
        raise MessageIllegalError(
            f"a record of {size} bytes does not fit into a commit log file "
            f"(mappedFileSizeCommitLog={segment_bytes})"
        )
    log.blank()
