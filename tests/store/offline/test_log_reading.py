from offline_kit import filled, looked_at, records_in, segment

from twistedmq.store.files_layer import Files
from twistedmq.store.offline.log_reading import LogReader


def log_of(files: Files) -> LogReader:
    return LogReader.of(looked_at(files))


def test_reads_end_with_the_segment() -> None:
    log = log_of(filled(60))
    assert (log.min_offset, log.max_offset) == (0, 3 * 4096)
    assert len(log.read(100, 4090)) == 6
    assert log.read(8, 3 * 4096) == b""
    assert log.read(0, 5) == b""
    assert log.segment_end(4097) == 8192
    assert log.next_base(5) == 4096
    assert log.next_base(9000) is None


def test_a_missing_segment_has_no_bytes() -> None:
    files = filled(60)
    files.remove(segment(4096))
    log = log_of(files)
    assert log.segment_at(5000) is None
    assert log.read(10, 5000) == b""
    assert log.segment_end(5000) == 8192


def test_a_record_is_as_long_as_it_says() -> None:
    files = filled(60)
    log = log_of(files)
    for offset, size in records_in(files):
        assert len(log.record_bytes(offset)) == size
    assert log.record_bytes(records_in(files)[0][0] + 1) == b""


def test_few_files_are_open_at_a_time() -> None:
    log = log_of(filled(600))
    for part in log.segments:
        log.read(8, part.base)
    assert len(log._open) <= 16 < len(log.segments)
