from pathlib import Path
from typing import Any

import pytest
from store_vectors import unpack

from twistedmq.store.batch_queue import messages_in
from twistedmq.store.files.store import FileStore
from twistedmq.testing.contracts.message_store import records_of, value_of
from twistedmq.testing.stores import open_store

NAMES = ("clean", "crash", "torn", "v2")


def expected(manifest: dict[str, Any]) -> dict[str, Any]:
    """What the genuine broker served after it started on these files."""
    return manifest.get("recovered", manifest)


def check_messages(store: FileStore, topics: dict[str, Any]) -> int:
    checked = 0
    for topic, queues in topics.items():
        for queue_id, told in queues.items():
            bounds = store.queue_bounds(topic, int(queue_id))
            assert bounds == (told["minOffset"], told["maxOffset"]), topic
            for message in told["messages"]:
                check_message(store, topic, int(queue_id), message)
                checked += 1
    return checked


def check_message(
    store: FileStore, topic: str, queue_id: int, message: dict[str, Any]
) -> None:
    read = value_of(
        store.read_queue(
            topic, queue_id, message["queueOffset"], 1, 1 << 20, None, None
        )
    )
    (record,) = records_of(read.records)
    assert (read.count, read.size) == (
        messages_in(record.properties),
        message["storeSize"],
    )
    assert record.physical_offset == message["physicalOffset"]
    assert record.store_ms == message["storeTimestamp"]
    place = store.record_at(message["physicalOffset"])
    assert bytes(value_of(place)) == bytes(read.records[0])


@pytest.mark.parametrize("name", NAMES)
def test_genuine_files_are_recovered_and_served(name: str, tmp_path: Path) -> None:
    root, manifest = unpack(name, tmp_path)
    store = open_store(root)
    end = manifest.get("recovered", {}).get("commitLogMaxOffset")
    end = end or int(manifest["runtime"]["commitLogMaxOffset"])
    assert store.log_bounds() == (0, end)
    topics = expected(manifest)["messages"]
    assert check_messages(store, topics) > 10
    assert not (root / "consumequeue" / "Bcq").exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_second_start_finds_the_same(name: str, tmp_path: Path) -> None:
    root, manifest = unpack(name, tmp_path)
    store = open_store(root)
    end = store.log_bounds()[1]
    value_of(store.stop())
    again = open_store(root)
    assert again.log_bounds() == (0, end)
    check_messages(again, expected(manifest)["messages"])
    value_of(again.stop())


@pytest.mark.parametrize("name", NAMES)
def test_queues_and_index_are_made_anew_from_the_log(name: str, tmp_path: Path) -> None:
    root, manifest = unpack(name, tmp_path)
    for folder in ("consumequeue", "batchconsumequeue", "index"):
        if (root / folder).exists():
            (root / folder).rename(tmp_path / folder)
    store = open_store(root, batch_topics=["Bcq"])
    check_messages(store, expected(manifest)["messages"])
    check_queries(store, expected(manifest)["indexQueries"])


def check_queries(store: FileStore, queries: list[dict[str, Any]]) -> None:
    for query in queries:
        hits = value_of(
            store.query(
                query["topic"], query["key"], 64, query["begin"], query["end"], ""
            )
        )
        assert sorted(hits.physical_offsets) == query["physicalOffsets"], query
        if query["physicalOffsets"]:
            told = query["ext"]
            assert hits.last_update_offset == int(told["indexLastUpdatePhyoffset"])
            # An index that was cut knows the time of its last item to a second.
            late_ms = int(told["indexLastUpdateTimestamp"]) - hits.last_update_ms
            assert 0 <= late_ms < 1000


@pytest.mark.parametrize("name", NAMES)
def test_the_genuine_index_answers_as_told(name: str, tmp_path: Path) -> None:
    root, manifest = unpack(name, tmp_path)
    check_queries(open_store(root), expected(manifest)["indexQueries"])
