"""Records laid out from columns, held against the genuine broker's commit log."""

import tarfile
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.addresses import pack
from twistedmq.protocol.record import Record, decode_record
from twistedmq.protocol.record_layout import lay_out, record_size, record_sizes
from twistedmq.protocol.send_batch import SendBatch

STORES = Path(__file__).parent.parent / "vectors" / "store"


def batch_of(records: list[Record]) -> SendBatch:
    return SendBatch(
        topics=[r.topic for r in records],
        queue_ids=[r.queue_id for r in records],
        flags=[r.flag for r in records],
        sys_flags=[r.sys_flag for r in records],
        born_ms=[r.born_ms for r in records],
        born_hosts=[bytes(r.born_host) for r in records],
        reconsume_times=[r.reconsume_times for r in records],
        prepared_offsets=[r.prepared_offset for r in records],
        properties=[bytes(r.properties) for r in records],
        tags_codes=[0 for _ in records],
        bodies=[bytes(r.body) for r in records],
    )


def genuine_records(name: str) -> list[tuple[bytes, Record]]:
    found = []
    with tarfile.open(STORES / f"{name}.tar.gz") as archive:
        logs = [m for m in archive.getmembers() if "/commitlog/" in m.name]
        for member in logs:
            stream = archive.extractfile(member)
            if stream is None:
                continue
            data, at = stream.read(), 0
            while at + 8 <= len(data):
                size = int.from_bytes(data[at : at + 4])
                if data[at + 4 : at + 8] not in (
                    b"\xda\xa3\x20\xa7",
                    b"\xda\xa3\x20\xab",
                ):
                    break
                raw = data[at : at + size]
                found.append((raw, decode_record(raw)))
                at += size
    return found


@pytest.mark.parametrize("name", ["clean", "v2"])
def test_the_bytes_are_those_of_the_genuine_broker(name: str) -> None:
    records = genuine_records(name)
    assert len(records) > 10
    for raw, record in records:
        batch = batch_of([record])
        host = bytes(record.store_host)
        sizes = record_sizes(batch, host)
        buffers = lay_out(
            batch, 0, 1, record.physical_offset, [record.queue_offset], sizes,
            record.store_ms, host,
        )  # fmt: skip
        assert b"".join(buffers) == raw
        assert sizes == [len(raw)]


@given(
    st.lists(
        st.tuples(
            st.text("abc%|_-", min_size=1, max_size=200),
            st.binary(max_size=50),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_what_is_laid_out_is_read_back(
    rows: list[tuple[str, bytes, bool]], host_v6: bool
) -> None:
    host = pack("::1", 10911) if host_v6 else pack("127.0.0.1", 10911)
    n = len(rows)
    batch = SendBatch(
        topics=[topic for topic, _, _ in rows],
        queue_ids=list(range(n)),
        flags=[-1] * n,
        sys_flags=[0] * n,
        born_ms=[1] * n,
        born_hosts=[pack("::2" if v6 else "10.0.0.1", 9) for _, _, v6 in rows],
        reconsume_times=[3] * n,
        prepared_offsets=[7] * n,
        properties=[b"TAGS\x01a\x02"] * n,
        tags_codes=[97] * n,
        bodies=[body for _, body, _ in rows],
    )
    sizes = record_sizes(batch, host)
    data = b"".join(lay_out(batch, 0, n, 1000, list(range(50, 50 + n)), sizes, 2, host))
    assert len(data) == sum(sizes)
    at = 0
    for i, (topic, body, _) in enumerate(rows):
        record = decode_record(data, at)
        assert (record.topic, bytes(record.body)) == (topic, body)
        assert record.physical_offset == 1000 + at
        assert record.queue_offset == 50 + i
        assert record.body_crc == crc32(body) & 0x7FFFFFFF
        assert bytes(record.store_host) == host
        assert bytes(record.born_host) == batch.born_hosts[i]
        expected = record_size(
            topic, len(body), len(batch.properties[i]), batch.born_hosts[i], host
        )
        assert sizes[i] == expected
        at += sizes[i]


def test_a_part_of_a_batch_is_laid_out_from_its_own_offset() -> None:
    host = pack("127.0.0.1", 10911)
    batch = SendBatch(
        ["t", "t"], [0, 0], [0, 0], [0, 0], [1, 1], [host, host], [0, 0], [0, 0],
        [b"", b""], [0, 0], [b"one", b"two"],
    )  # fmt: skip
    sizes = record_sizes(batch, host)
    second = b"".join(lay_out(batch, 1, 2, 5000, [8, 9], sizes, 2, host))
    record = decode_record(second)
    assert (bytes(record.body), record.queue_offset) == (b"two", 9)
    assert record.physical_offset == 5000
