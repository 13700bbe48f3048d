from collections.abc import Sequence
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

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.offline.directory import StoreDirectory
from twistedmq.store.offline.repair import Plan, Repair, Repairer, make_plan
from twistedmq.store.offline.verification import Verification
from twistedmq.testing.batches import batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.contracts.queue_kinds import BATCH_TOPIC, bundle, light
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store


def plan_of(files: FakeFiles) -> tuple[Verification, Plan]:
    verification, _ = verified(files)
    return verification, make_plan(verification)


def repair(files: FakeFiles, name: str = "repaired") -> Sequence[Repair]:
    verification, plan = plan_of(files)
    return list(Repairer(looked_at(files), files, name).carry_out(verification, plan))


def contents(files: FakeFiles) -> dict[Path, bytes]:
    return {path: bytes(files.content(path)) for path in files.paths()}


def without(found: dict[Path, bytes], *names: str) -> dict[Path, bytes]:
    return {p: c for p, c in found.items() if not set(names) & set(p.parts)}


def test_what_is_whole_is_left_alone() -> None:
    files = filled(60)
    before = contents(files)
    _, plan = plan_of(files)
    assert plan.is_empty
    assert plan.steps == []
    assert repair(files) == []
    assert contents(files) == before


def test_a_plan_changes_nothing() -> None:
    files, _ = genuine("torn")
    before = contents(files)
    _, plan = plan_of(files)
    assert [step.action for step in plan.steps] == [
        "cut",
        "rebuild-queue",
        "rebuild-index",
    ]
    assert contents(files) == before


def test_a_torn_genuine_store_is_mended() -> None:
    files, manifest = genuine("torn")
    before = contents(files)
    done = repair(files)
    assert [step.action for step in done] == ["cut", "rebuild-queue", "rebuild-index"]
    assert all(step.is_done for step in done)
    verification, found = verified(files)
    assert found == []
    torn = manifest["torn"]
    assert verification.summary.end == torn["physicalOffset"]
    kept = bytes(
        files.content(ROOT / "repaired" / f"{torn['physicalOffset']:020d}.torn")
    )
    assert len(kept) == torn["zeroedFrom"] - torn["physicalOffset"]
    touched = {
        path
        for path, content in contents(files).items()
        if before.get(path) != content and "repaired" not in path.parts
    }
    untouched = {path.parent.name for path in touched if "index" not in path.parts}
    assert untouched == {"commitlog", "0"}
    assert not files.is_folder(ROOT / "repaired" / "new")


def test_other_queues_are_not_touched() -> None:
    files = filled(60)
    whole = contents(files)
    files.content(queue_file(1))[100:300] = bytes(200)
    done = repair(files)
    assert [step.action for step in done] == ["set-aside", "rebuild-queue"]
    kept = without(contents(files), "repaired")
    assert kept == without(whole, "twistedmq.vouch")
    aside = ROOT / "repaired" / "consumequeue" / "Orders" / "1" / f"{0:020d}"
    assert not any(files.content(aside)[100:300])
    assert files.size(ROOT / "repaired" / "twistedmq.vouch")


def test_a_lost_queue_comes_back() -> None:
    files = filled(60)
    whole = contents(files)
    files.remove(queue_file(2).parent)
    repair(files)
    assert without(contents(files), "repaired") == without(whole, "twistedmq.vouch")


def test_a_spoiled_index_comes_back() -> None:
    files = filled(100)
    whole = contents(files)
    _, path, *_ = looked_at(files).index_files
    files.content(path)[500:900] = b"x" * 400
    repair(files)
    assert without(contents(files), "repaired") == without(whole, "twistedmq.vouch")


def test_damage_in_the_middle_stays_and_is_named() -> None:
    files = filled(60)
    offset, size = records_in(files)[20]
    files.content(segment())[offset + 90] ^= 1
    before = contents(files)
    _, plan = plan_of(files)
    assert plan.is_empty
    [step] = plan.steps
    assert step.action == "leave"
    assert step.what == f"{size} bytes from {offset} on stay as they are"
    assert repair(files) == []
    assert contents(files) == before


def test_a_cut_file_at_the_end_gets_its_size_back() -> None:
    files = filled(60)
    end = sum(records_in(files)[-1])
    del files.content(segment(8192))[end - 8192 + 10 :]
    repair(files)
    assert faults(files) == []
    assert files.size(segment(8192)) == 4096


def test_segments_behind_a_torn_end_are_moved_away() -> None:
    files = filled(60)
    files.open(segment(3 * 4096), create=True).resize(4096)
    files.content(segment(3 * 4096))[100:104] = b"junk"
    offset, _ = records_in(files)[-1]
    repair(files)
    assert files.size(segment(3 * 4096)) is None
    assert files.size(ROOT / "repaired" / "commitlog" / segment(3 * 4096).name) == 4096
    assert faults(files) == []
    assert verified(files)[0].summary.end > offset


def test_a_log_elsewhere_is_mended_where_it_is() -> None:
    files = filled(60)
    elsewhere = Path("/disk2/log")
    for base in (0, 4096, 8192):
        files.rename(segment(base), elsewhere / segment(base).name)
    end = sum(records_in_folder(files, elsewhere)[-1])
    files.content(elsewhere / segment(8192).name)[end - 8192] = 7
    directory = StoreDirectory(files, ROOT, [elsewhere])
    verification = Verification(directory)
    list(verification.run())
    plan = make_plan(verification)
    list(Repairer(directory, files, "repaired").carry_out(verification, plan))
    assert files.size(elsewhere / "repaired" / f"{end:020d}.torn") == 1
    verification = Verification(StoreDirectory(files, ROOT, [elsewhere]))
    assert list(verification.run()) == []


def records_in_folder(files: FakeFiles, folder: Path) -> list[tuple[int, int]]:
    other = FakeFiles()
    for name in files.list(folder):
        other.open(ROOT / "commitlog" / name, create=True)
        other.content(ROOT / "commitlog" / name)[:] = files.content(folder / name)
    return records_in(other)


def test_a_store_in_use_is_refused() -> None:
    files = filled(10)
    store = open_store(ROOT, files, segment_bytes=4096)
    with pytest.raises(StoreOpenError, match="a broker uses it"):
        Repairer(looked_at(files), files, "repaired").take_lock()
    store.stop()
    assert Repairer(looked_at(files), files, "repaired").take_lock()


@pytest.fixture(scope="module")
def places() -> list[tuple[Path, int]]:
    return list(covered(filled(60)))


@settings(max_examples=40)
@given(data=st.data())
def test_what_was_mended_has_only_the_faults_that_were_named(
    places: list[tuple[Path, int]], data: st.DataObject
) -> None:
    files = filled(60)
    path, at = data.draw(st.sampled_from(places))
    files.content(path)[at] ^= data.draw(st.integers(1, 255))
    _, plan = plan_of(files)
    left = [step for step in plan.steps if step.action == "leave"]
    repair(files)
    assert bool(faults(files)) == bool(left)
    again = open_store(ROOT, files, segment_bytes=4096)
    assert again.queue_bounds("Orders", 0)[1] >= 1


def test_light_and_batch_queues_come_back() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files, batch_topics=[BATCH_TOPIC])
    for n in range(40):
        told = [bundle(1 + n % 4), light("%LMQ%a"), light("%LMQ%a,%LMQ%b")]
        store.append(batch_of(told))
    value_of(store.stop())
    verification, found = verified(files)
    assert found == []
    assert verification.summary.entries == 40 * 6
    whole = contents(files)
    batch = ROOT / "batchconsumequeue" / BATCH_TOPIC / "0" / f"{0:020d}"
    files.content(batch)[100] ^= 1
    files.content(queue_file(0, topic="%LMQ%a"))[100:140] = bytes(40)
    repair(files)
    kept = without(contents(files), "repaired")
    assert kept == without(whole, "twistedmq.vouch")
    assert faults(files) == []
