from pathlib import Path

import pytest
from offline_kit import ROOT, filled, looked_at, verified

from twistedmq.store.files import hash_index
from twistedmq.store.offline.findings import Finding
from twistedmq.testing.fake_files import FakeFiles

ITEMS_AT = 40 + 4 * 100


@pytest.fixture
def files() -> FakeFiles:
    return filled(40)


def index_of(files: FakeFiles) -> bytearray:
    [path] = looked_at(files).index_files
    return files.content(path)


def found_in(files: FakeFiles) -> list[Finding]:
    return [finding for finding in verified(files)[1] if finding.is_fault]


def test_an_item_of_another_key_is_told(files: FakeFiles) -> None:
    at = ITEMS_AT + 20 * 9
    index_of(files)[at : at + 4] = (
        int.from_bytes(index_of(files)[at : at + 4]) ^ 1
    ).to_bytes(4)
    kinds = [finding.kind for finding in found_in(files)]
    assert "index-item" in kinds
    assert "index-missing" in kinds


def test_an_item_out_of_order_is_told_alone(files: FakeFiles) -> None:
    at = ITEMS_AT + 20 * 9 + 4
    index_of(files)[at : at + 8] = (5000).to_bytes(8)
    found = found_in(files)
    assert [f.kind for f in found] == ["index-item", "index-missing"]
    assert "points to 5000" in found[0].what


def test_a_broken_chain_is_told(files: FakeFiles) -> None:
    index_of(files)[ITEMS_AT + 20 * 60 + 19] ^= 1
    assert [f.kind for f in found_in(files)] == ["index-chain"]


def test_a_wrong_second_is_told(files: FakeFiles) -> None:
    index_of(files)[ITEMS_AT + 20 * 60 + 15] ^= 1
    assert [f.kind for f in found_in(files)] == ["index-item"]


def test_wrong_slots_are_told_up_to_a_limit(files: FakeFiles) -> None:
    index_of(files)[40 + 4 * 20 : 40 + 4 * 60] = bytes(4 * 40)
    found = found_in(files)
    assert [f.kind for f in found] == ["index-slot"] * 11
    assert "more slots" in found[-1].what


def test_a_header_that_counts_too_few_is_told(files: FakeFiles) -> None:
    index_of(files)[36:40] = (140).to_bytes(4)
    kinds = {f.kind for f in found_in(files)}
    assert "index-header" in kinds
    files.open(ROOT / "abort", create=True)
    notes = {f.kind for f in verified(files)[1] if not f.is_fault}
    assert "index-uncounted" in notes


@pytest.mark.parametrize(("at", "name"), [(7, "begins"), (15, "ends"), (23, "speaks")])
def test_a_wrong_header_is_one_fault(files: FakeFiles, at: int, name: str) -> None:
    index_of(files)[at] ^= 1
    [found] = found_in(files)
    assert found.kind == "index-header"
    assert name in found.what


def test_an_index_that_begins_late_is_a_note() -> None:
    files = filled(100)
    first, *_ = looked_at(files).index_files
    files.remove(first)
    _, found = verified(files)
    notes = {f.kind for f in found if not f.is_fault}
    assert "index-before" in notes
    assert len([f for f in found if f.is_fault]) <= 2  # the record at the seam


def test_a_lost_table_in_the_middle_is_told() -> None:
    files = filled(150)
    _, middle, *_ = looked_at(files).index_files
    files.remove(middle)
    assert {f.kind for f in found_in(files)} == {"index-missing"}


def test_no_index_is_no_fault() -> None:
    files = filled(20, index_enabled=False)
    assert verified(files)[1] == []
    assert not files.list(Path("/store/index"))


def test_an_index_without_tags_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    def untagged(topic: str, encoded: bytes) -> list[int]:
        return original(topic, encoded.replace(b"TAGS", b"TAGX"))

    original = hash_index.hashes_of
    monkeypatch.setattr(hash_index, "hashes_of", untagged)
    files = filled(40)
    _, found = verified(files)
    assert [(f.kind, f.what, f.is_fault) for f in found] == [
        ("index-no-tag", "40 messages", False)
    ]
