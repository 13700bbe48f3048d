"""Writing the end of the log once more, after the disk failed to sync it.

The kernel holds what was written, but takes it for written: syncing again would prove
nothing. So it is read back, and written as if for the first time, through descriptors
that have seen no failure. What cannot be read back whole is not written: a restart cuts
the log there.
"""

import errno
from typing import Final

from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.log_scan import BLANK_BYTES, ScanEnd, scan

_CHUNK_BYTES: Final = 4 * 1024 * 1024


def write_again(log: CommitLog, start: int) -> int:
    """Bring the log from *start* on to the disk; gives its end. For a thread.

    Nothing may be appended meanwhile, and *start* must be where a record begins.

    Raises:
        OSError: the disk fails still, or has lost what was written.
    """
    log.mend()
    log.reopen(start)
    at = max(start, log.min_offset)
    chunk_bytes = _CHUNK_BYTES
    while at < log.end:
        segment_end = log.segment_end(at)
        piece = bytes(log.read(min(chunk_bytes, segment_end - at), at))
        found = scan(memoryview(piece), at, segment_end)
        if found.reason is ScanEnd.BLANK:
            log.overwrite(piece[: found.end - at + BLANK_BYTES], at)
            at = segment_end
            continue
        if found.end == at:
            if found.reason is ScanEnd.BROKEN or len(piece) < chunk_bytes:
                raise OSError(errno.EIO, f"the log cannot be read back at {at}")
            chunk_bytes *= 2
            continue
        log.overwrite(piece[: found.end - at], at)
        at = found.end
    return log.sync()
