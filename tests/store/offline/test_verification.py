import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from offline_kit import (
    ROOT,
    covered,
    faults,
    filled,
    genuine,
    looked_at,
    queue_file,
    records_in,
    segment,
    verified,
)

from twistedmq.config.store import StoreConfig
from twistedmq.store.offline.verification import DEFAULT_DELAY_LEVELS, Verification
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store


def test_the_usual_delay_levels_are_those_of_the_settings() -> None:
    assert StoreConfig().delay_levels == DEFAULT_DELAY_LEVELS


@pytest.mark.parametrize("name", ["clean", "crash", "v2"])
def test_genuine_stores_have_no_faults(name: str) -> None:
    files, manifest = genuine(name)
    verification, found = verified(files)
    assert found == []
    state = manifest.get("recovered", {})
    end = state.get("commitLogMaxOffset") or manifest["runtime"]["commitLogMaxOffset"]
    assert verification.summary.end == int(end)
    assert verification.summary.index_items > 200


def test_a_torn_genuine_store_has_that_fault_and_what_follows() -> None:
    files, manifest = genuine("torn")
    _, found = verified(files)
    torn = manifest["torn"]
    assert found[0].kind == "log-torn"
    assert (found[0].offset, found[0].end) == (
        torn["physicalOffset"],
        torn["zeroedFrom"],
    )
    assert [f.kind for f in found[1:]] == ["queue-entry"] + ["index-item"] * 3
    assert all(str(torn["physicalOffset"]) in f.what for f in found[1:])


def test_nothing_is_written() -> None:
    files, _ = genuine("torn")
    before = {path: bytes(files.content(path)) for path in files.paths()}
    writes = files.writes
    verified(files)
    assert files.writes == writes
    assert {path: bytes(files.content(path)) for path in files.paths()} == before


def test_a_store_of_ours_has_no_faults() -> None:
    verification, found = verified(filled(300))
    assert found == []
    assert verification.summary.records == 300
    assert verification.summary.entries == 300
    assert verification.summary.index_items == 1200


def test_long_topics_and_other_addresses_have_no_faults() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    v6 = bytes(15) + b"\1\0\0\x30\x39"
    for n in range(30):
        told = Told(topic="L" * (100 + n), born_host=v6, body=b"", keys=f"k{n}")
        store.append(batch_of([told, Told(topic="a-b", keys="é ü", tag="ä")]))
    value_of(store.stop())
    assert faults(files) == []


class Spoilt:
    """A store of which one byte is changed at a time."""

    def __init__(self) -> None:
        self.files = filled(60)
        self.places = list(covered(self.files))

    def faults_with(self, path: Path, at: int, mask: int) -> list[str]:
        content = self.files.content(path)
        content[at] ^= mask
        try:
            return faults(self.files)
        finally:
            content[at] ^= mask


@pytest.fixture(scope="module")
def spoilt() -> Spoilt:
    return Spoilt()


@settings(max_examples=150)
@given(data=st.data())
def test_each_flip_in_a_covered_place_is_found(
    spoilt: Spoilt, data: st.DataObject
) -> None:
    path, at = data.draw(st.sampled_from(spoilt.places))
    assert spoilt.faults_with(path, at, data.draw(st.integers(1, 255)))


@settings(max_examples=100)
@given(data=st.data())
def test_a_flip_anywhere_stops_nothing(spoilt: Spoilt, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(spoilt.files.paths()))
    at = data.draw(st.integers(0, len(spoilt.files.content(path)) - 1))
    found = spoilt.faults_with(path, at, data.draw(st.integers(1, 255)))
    assert len(found) < 400


@settings(max_examples=60)
@given(data=st.data())
def test_with_checksums_over_records_each_flip_in_one_is_found(
    sealed: FakeFiles, data: st.DataObject
) -> None:
    offset, size = data.draw(st.sampled_from(records_in(sealed)))
    content = sealed.content(segment(offset - offset % 4096))
    at = offset % 4096 + data.draw(st.integers(0, size - 1))
    mask = data.draw(st.integers(1, 255))
    content[at] ^= mask
    try:
        assert faults(sealed)
    finally:
        content[at] ^= mask


@pytest.fixture(scope="module")
def sealed() -> FakeFiles:
    return filled(30, seals_records=True)


def test_a_crash_leaves_notes_not_faults() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    for n in range(50):
        store.append(batch_of([Told(queue_id=n % 2, keys=f"k{n}")]))
        if n == 30:
            value_of(store._voucher.vouch())
    files.kill_program()
    _, found = verified(files)
    assert not [f for f in found if f.is_fault]
    assert {f.kind for f in found} == {"queue-behind", "index-behind"}
    assert sum(int(f.what.split()[0]) for f in found if f.kind == "queue-behind") == 19
    files.remove(ROOT / "abort")
    assert set(faults(files)) == {"queue-missing", "index-missing"}


def test_a_deleted_topic_leaves_notes_not_faults() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    for n in range(20):
        store.append(batch_of([Told(topic=f"T{n % 2}", keys=f"k{n}")]))
    store.delete_topic("T0")
    store.append(batch_of([Told(topic="T1")]))
    value_of(store.stop())
    _, found = verified(files)
    assert [(f.kind, f.what) for f in found] == [("queue-gone", "10 messages")]


def test_a_topic_made_again_leaves_notes_not_faults() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    for n in range(20):
        store.append(batch_of([Told(keys=f"k{n}")]))
    value_of(store._voucher.vouch())
    store.delete_topic("Orders")
    for n in range(5):
        store.append(batch_of([Told(keys=f"l{n}")]))
    value_of(store.stop())
    _, found = verified(files)
    assert not [f for f in found if f.is_fault]
    assert sum(int(f.what.split()[0]) for f in found) == 20


def test_files_that_are_missing_are_told_of() -> None:
    files = filled(200, queue_file_bytes=400)
    files.remove(queue_file(1, 400))
    files.remove(segment(4096))
    _, found = verified(files)
    kinds = {f.kind for f in found}
    assert {"log-hole", "queue-missing"} <= kinds or {"log-missing"} <= kinds
    assert "queue-entry" in kinds  # they point into the segment that is gone
    missing = [f for f in found if f.kind == "queue-missing"]
    assert [f.where for f in missing] == ["Orders/1"]


def test_files_of_another_size_are_told_of() -> None:
    files = filled(200, queue_file_bytes=400)
    del files.content(queue_file(0, 400))[200:]
    del files.content(segment(4096))[4000:]
    found = faults(files)
    assert "queue-file" in found
    assert "log-file" in found


def test_a_lost_queue_of_a_known_topic_is_told_of() -> None:
    files = filled(60)
    files.remove(queue_file(2).parent)
    _, found = verified(files)
    [lost] = [f for f in found if f.is_fault]
    assert (lost.kind, lost.where, lost.offset, lost.end) == (
        "queue-missing",
        "Orders/2",
        0,
        20,
    )


def test_entries_that_lead_the_log_are_told_of() -> None:
    files = filled(60)
    offset, size = records_in(files)[-1]
    content = files.content(segment(8192))
    content[offset - 8192 :] = bytes(len(content) - offset + 8192)
    _, found = verified(files)
    assert [f.kind for f in found] == ["queue-entry"] + ["index-item"] * 4
    assert all(f.why == f"the log ends at {offset}" for f in found)
    assert size


def test_progress_is_told() -> None:
    verification, _ = verified(filled(60))
    told: list[tuple[int, int]] = []
    verification.progress = lambda done, of: told.append((done, of))
    list(verification.run())
    assert told[-1] == (3 * 4096, 3 * 4096)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_an_index_that_cannot_be_measured_is_one_fault() -> None:
    files = filled(40)
    [path] = [p for p in files.paths() if p.parent.name == "index"]
    files.content(path)[:1000] = bytes(1000)
    assert faults(files) == ["index-file"]


def test_memory_does_not_grow_with_the_store() -> None:
    def peak_of(count: int) -> int:
        files = FakeFiles()
        store = open_store(ROOT, files, queue_file_bytes=20_000)
        for first in range(0, count, 50):
            told = [
                Told(body=b"b" * 500, keys=f"k{n} all", tag=f"t{n % 7}")
                for n in range(first, first + 50)
            ]
            store.append(batch_of(told))
        value_of(store.stop())
        verification = Verification(looked_at(files), chunk_bytes=1 << 15)
        tracemalloc.start()
        assert not list(verification.run())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    assert peak_of(3000) < 1.3 * peak_of(600)
