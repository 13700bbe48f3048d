from offline_kit import (
    NOW_MS,
    ROOT,
    SEGMENT_BYTES,
    filled,
    genuine,
    looked_at,
    records_in,
    segment,
)

from twistedmq.store.files.checkpoint import Checkpoint, write_checkpoint
from twistedmq.store.offline.overview import Overview


def test_queues_are_listed_with_their_figures() -> None:
    files = filled(100)
    listed = list(Overview(looked_at(files)).list_queues())
    assert [(q.topic, q.queue, q.kind) for q in listed] == [
        ("Orders", n, "plain") for n in range(3)
    ]
    first = listed[0]
    assert (first.min_offset, first.max_offset, first.messages) == (0, 34, 34)
    assert first.bytes == sum(size for _, size in records_in(files)[::3])
    assert (first.first_ms, first.last_ms) == (NOW_MS + 400, NOW_MS + 400 * 100)


def test_every_genuine_queue_is_listed() -> None:
    files, manifest = genuine("clean")
    listed = {
        (q.topic, str(q.queue)): (q.min_offset, q.max_offset)
        for q in Overview(looked_at(files)).list_queues()
    }
    for topic, queues in manifest["messages"].items():
        for queue_id, queue in queues.items():
            bounds = queue["minOffset"], queue["maxOffset"]
            assert listed[topic, queue_id] == bounds


def test_an_empty_queue_has_no_times() -> None:
    files = filled(60)
    for base in range(0, 3 * SEGMENT_BYTES, SEGMENT_BYTES):
        files.remove(segment(base))
    files.open(segment(1 << 20), create=True).resize(SEGMENT_BYTES)
    queue, *_ = Overview(looked_at(files)).list_queues()
    assert (queue.min_offset, queue.max_offset, queue.messages) == (20, 20, 0)
    assert queue.first_ms is None


def test_offsets_at_a_time() -> None:
    directory = looked_at(filled(100))
    overview = Overview(directory)
    folder = directory.queues["Orders", 0]
    assert overview.offset_at(folder, 0) == 0
    assert overview.offset_at(folder, NOW_MS + 400 * 4) == 1
    assert overview.offset_at(folder, NOW_MS + 400 * 4 + 1) == 2
    assert overview.offset_at(folder, 1 << 50) == 34


def test_offsets_at_a_time_in_a_batch_queue() -> None:
    files, manifest = genuine("clean")
    directory = looked_at(files)
    overview = Overview(directory)
    folder = directory.queues["Bcq", 0]
    last_ms = manifest["messages"]["Bcq"]["0"]["messages"][-1]["storeTimestamp"]
    assert overview.offset_at(folder, last_ms) == 3
    assert overview.offset_at(folder, last_ms + 1) == 7


def test_a_store_of_ours_is_described() -> None:
    files = filled(100)
    end = sum(records_in(files)[-1])
    shown = Overview(looked_at(files)).describe()
    assert shown["written_by"] == "TwistedMQ"
    assert (shown["min_offset"], shown["max_offset"]) == (0, end)
    assert shown["torn_bytes"] == 0
    assert shown["segment_bytes"] == SEGMENT_BYTES
    assert shown["formats"] == ["version 1 records"]
    assert shown["queue_files"] == {"queues": 3, "files": 3, "file_bytes": 1000}
    assert shown["batch_queue_files"] == {"queues": 0, "files": 0, "file_bytes": 0}
    assert shown["vouch"] == {"offset": end, "believed": True}
    assert shown["checkpoint"]["log_ms"] == NOW_MS + 400 * 100
    assert sum(index["items"] for index in shown["index_files"]) == 400
    assert shown["bytes"] == sum(len(files.content(path)) for path in files.paths())


def test_who_wrote_last_is_told() -> None:
    files = filled(10)
    write_checkpoint(files, ROOT / "checkpoint", Checkpoint(1, 2, 3))
    shown = Overview(looked_at(files)).describe()
    assert shown["written_by"].startswith("TwistedMQ, and a genuine broker last")
    assert not shown["vouch"]["believed"]


def test_a_genuine_store_is_described() -> None:
    files, manifest = genuine("torn")
    shown = Overview(looked_at(files)).describe()
    torn = manifest["torn"]
    assert shown["written_by"] == "a genuine broker"
    assert shown["max_offset"] == torn["physicalOffset"]
    assert shown["torn_bytes"] == torn["zeroedFrom"] - torn["physicalOffset"]
    assert shown["abort"]
    assert set(shown["formats"]) == {
        "version 1 records",
        "light queues",
        "batch records",
        "IPv6",
    }
    version_2, _ = genuine("v2")
    assert "version 2 records" in Overview(looked_at(version_2)).describe()["formats"]


def test_an_empty_store_is_described() -> None:
    files = filled(1)
    for path in files.paths():
        files.remove(path)
    shown = Overview(looked_at(files)).describe()
    assert shown["written_by"] == "nobody yet"
    assert shown["checkpoint"] is None
    assert shown["max_offset"] == 0
