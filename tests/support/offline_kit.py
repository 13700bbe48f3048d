"""Stores that nobody has open, for tests of what reads and mends them."""

import errno
import json
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from store_vectors import STORES

from twistedmq.protocol.record import decode_record
from twistedmq.store.files_layer import Files
from twistedmq.store.log_scan import scan
from twistedmq.store.offline.directory import StoreDirectory
from twistedmq.store.offline.findings import Finding
from twistedmq.store.offline.verification import Verification
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store

ROOT = Path("/store")
SEGMENT_BYTES = 4096
NOW_MS = 1_700_000_000_000


def told(n: int) -> Told:
    """Give message *n* of a store: three queues, a tag, two keys."""
    return Told(
        queue_id=n % 3,
        body=b"body of %d" % n * (1 + n % 4),
        tag=f"t{n % 5}",
        keys=f"k{n} all",
        unique_key=f"U{n}",
    )


def filled(
    count: int = 60, files: FakeFiles | None = None, **changes: Any
) -> FakeFiles:
    """Give the files of a store of ours with *count* messages that was stopped."""
    files = files or FakeFiles()
    clock = [NOW_MS]
    settings = {"segment_bytes": SEGMENT_BYTES, "wall_ms": lambda: clock[0]} | changes
    store = open_store(ROOT, files, **settings)
    for n in range(count):
        clock[0] += 400
        store.append(batch_of([told(n)]))
    value_of(store.stop())
    return files


@cache
def _unpacked(name: str) -> dict[Path, bytes]:
    found = {}
    with tarfile.open(STORES / f"{name}.tar.gz") as tar:
        for member in tar.getmembers():
            file = tar.extractfile(member) if member.size < 1 << 20 else None
            if file is not None:  # the timer wheel is large, and no part of this
                found[Path("/") / member.name] = file.read()
    return found


def genuine(name: str) -> tuple[FakeFiles, dict[str, Any]]:
    """Give the files of a store that a genuine broker wrote, and its manifest."""
    files = FakeFiles()
    for path, content in _unpacked(name).items():
        files.open(path, create=True).write(content, 0)
    return files, json.loads((STORES / f"{name}.json").read_text("utf-8"))


def looked_at(files: Files, root: Path = ROOT) -> StoreDirectory:
    """Give the directory of a store."""
    return StoreDirectory(files, root)


def verified(
    files: Files, root: Path = ROOT, **options: Any
) -> tuple[Verification, list[Finding]]:
    """Give a verification that has run, and all that it found."""
    verification = Verification(looked_at(files, root), **options)
    return verification, list(verification.run())


def faults(files: Files, root: Path = ROOT) -> list[str]:
    """Give the kinds of the faults that a verification finds."""
    return [finding.kind for finding in verified(files, root)[1] if finding.is_fault]


def segment(base: int = 0) -> Path:
    """Give the path of a segment."""
    return ROOT / "commitlog" / f"{base:020d}"


def queue_file(queue_id: int = 0, base: int = 0, topic: str = "Orders") -> Path:
    """Give the path of a file of a queue."""
    return ROOT / "consumequeue" / topic / str(queue_id) / f"{base:020d}"


def records_in(files: FakeFiles) -> list[tuple[int, int]]:
    """Give (physical offset, size) of each record of a whole store."""
    found = []
    for path in sorted(p for p in files.paths() if p.parent.name == "commitlog"):
        base = int(path.name)
        data = memoryview(bytes(files.content(path)))
        scanned = scan(data, base, base + len(data)).records
        found += [(record.physical_offset, record.size) for record in scanned]
    return found


def covered(files: FakeFiles) -> Iterator[tuple[Path, int]]:
    """Give the places whose change the default format shows: path, position."""
    for offset, size in records_in(files):
        base = offset - offset % SEGMENT_BYTES
        at = offset - base
        data = bytes(files.content(segment(base))[at : at + size])
        for position in covered_in_record(data):
            yield segment(base), at + position
    for path in files.paths():
        content = files.content(path)
        if path.parts[2] == "consumequeue":
            yield from ((path, at) for at in range(len(content.rstrip(b"\0"))))
        if path.parts[2] == "index":
            used = int.from_bytes(content[36:40])
            items_at = 40 + 4 * 100
            yield from ((path, at) for at in range(items_at) if not 32 <= at < 36)
            items = range(items_at + 20, items_at + 20 * used)
            yield from ((path, at) for at in items)


def covered_in_record(data: bytes) -> Iterator[int]:
    """Give the positions of a record of version 1, with IPv4 hosts."""
    record = decode_record(data)
    yield from range(16)  # size, magic, CRC, queue id
    yield from range(20, 36)  # both offsets
    body_at = 88
    topic_at = body_at + len(record.body) + 1
    properties_at = topic_at + len(record.topic) + 2
    yield from range(body_at - 4, properties_at)
    for name in (b"TAGS\x01", b"KEYS\x01", b"UNIQ_KEY\x01"):
        start = data.index(name, properties_at)
        yield from range(start, data.index(b"\x02", start))


class BadSectors:
    """Files of which one cannot be read in some places."""

    def __init__(self, files: FakeFiles, path: Path, bad: range) -> None:
        self._files = files
        self._path = path
        self._bad = bad

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)

    def open(self, path: Path, *, create: bool = False) -> Any:
        file = self._files.open(path, create=create)
        if path != self._path:
            return file
        read = file.read

        def failing(size: int, offset: int) -> Any:
            if offset < self._bad.stop and offset + size > self._bad.start:
                raise OSError(errno.EIO, "Input/output error", str(path))
            return read(size, offset)

        file.read = failing  # type: ignore[method-assign]
        return file
