import re
from pathlib import Path
from typing import Any

import pytest
from offline_kit import NOW_MS, ROOT, filled, genuine, looked_at, records_in, segment

from twistedmq.protocol.compression import compressor
from twistedmq.protocol.record import Record, encode_record
from twistedmq.store.offline.messages import (
    Message,
    MessageReader,
    Selection,
    messages_of,
)
from twistedmq.testing.fake_files import FakeFiles


def find(files: FakeFiles, **wanted: Any) -> list[Message]:
    return list(MessageReader(looked_at(files)).find(Selection(**wanted)))


def numbers(found: list[Message]) -> list[int]:
    return [int(message.keys[0][1:]) for message in found]


@pytest.fixture(scope="module")
def files() -> FakeFiles:
    return filled(100)


def test_everything_is_found_in_the_order_of_the_log(files: FakeFiles) -> None:
    found = find(files)
    assert numbers(found) == list(range(100))
    assert found[7].body == b"body of 7" * 4
    assert not any(message.problem for message in found)


def test_a_queue_is_read_by_its_entries(files: FakeFiles) -> None:
    reader = MessageReader(looked_at(files))
    wanted = Selection(topic="Orders", queue_id=1, from_offset=3, to_offset=6)
    assert numbers(list(reader.find(wanted))) == [10, 13, 16]
    assert reader.way == "by the queue Orders/1"
    assert numbers(list(reader.find(wanted, by_queue=False))) == list(range(1, 100, 3))
    assert reader.way == "by reading the log"
    assert len(find(files, topic="Orders", queue_id=1)) == 33
    assert find(files, topic="Orders", queue_id=9) == []
    assert find(files, topic="None") == []


def test_ranges_of_the_log_begin_at_the_next_record(files: FakeFiles) -> None:
    offsets = [offset for offset, _ in records_in(files)]
    wanted = {"from_physical": offsets[4] + 1, "to_physical": offsets[8]}
    assert numbers(find(files, **wanted)) == [5, 6, 7]
    assert find(files, from_physical=1 << 40) == []


def test_times_have_a_begin_and_an_end(files: FakeFiles) -> None:
    since = NOW_MS + 400 * 51
    assert numbers(find(files, since_ms=since, until_ms=since + 800)) == [50, 51]
    wanted = {"topic": "Orders", "queue_id": 0, "since_ms": since}
    assert numbers(find(files, **wanted)) == list(range(51, 100, 3))


def test_keys_are_found_by_the_index(files: FakeFiles) -> None:
    reader = MessageReader(looked_at(files))
    assert numbers(list(reader.find(Selection(topic="Orders", key="k42")))) == [42]
    assert reader.way == "by the index"
    assert numbers(list(reader.find(Selection(topic="Orders", key="U42")))) == [42]
    assert len(list(reader.find(Selection(topic="Orders", key="all")))) == 100
    assert list(reader.find(Selection(topic="Orders", key="k400"))) == []
    assert reader.way == "by the index"


def test_without_a_topic_or_an_index_that_covers_the_log_is_read() -> None:
    files = filled(100)
    reader = MessageReader(looked_at(files))
    assert numbers(list(reader.find(Selection(key="k42")))) == [42]
    assert reader.way == "by reading the log"
    first, *_, last = looked_at(files).index_files
    kept = bytes(files.content(last))
    files.remove(last)
    reader = MessageReader(looked_at(files))
    wanted = Selection(topic="Orders", key="k99")
    assert numbers(list(reader.find(wanted))) == [99]
    assert reader.way == "by reading the log"
    files.open(last, create=True).write(kept, 0)
    files.remove(first)
    reader = MessageReader(looked_at(files))
    assert numbers(list(reader.find(Selection(topic="Orders", key="k3")))) == [3]
    assert reader.way == "by reading the log"


def test_a_crashed_index_is_not_asked() -> None:
    files = filled(50)
    files.open(ROOT / "abort", create=True)
    reader = MessageReader(looked_at(files))
    assert len(list(reader.find(Selection(topic="Orders", key="k5")))) == 1
    assert reader.way == "by reading the log"


def test_tags_properties_and_bodies(files: FakeFiles) -> None:
    assert numbers(find(files, tag="t2"))[:3] == [2, 7, 12]
    assert numbers(find(files, property=("UNIQ_KEY", "U8"))) == [8]
    assert find(files, property=("UNIQ_KEY", "U")) == []
    pattern = re.compile(rb"of 4[2-4]")
    assert numbers(find(files, body=pattern)) == [42, 43, 44]
    assert numbers(find(files, body=pattern, tag="t2")) == [42]


def test_damaged_records_are_shown_with_their_problem() -> None:
    files = filled(50)
    offset, _ = records_in(files)[9]
    files.content(segment())[offset + 90] ^= 1
    [damaged] = [message for message in find(files) if message.problem]
    assert numbers([damaged]) == [9]
    assert "CRC" in damaged.shown()["problem"]
    [by_queue] = find(files, topic="Orders", queue_id=0, from_offset=3, to_offset=4)
    assert by_queue.problem == damaged.problem


@pytest.mark.parametrize("name", ["clean", "crash", "v2"])
def test_genuine_queues_give_the_messages_of_the_manifest(name: str) -> None:
    files, manifest = genuine(name)
    reader = MessageReader(looked_at(files))
    for topic, queues in manifest.get("recovered", manifest)["messages"].items():
        for queue_id, queue in queues.items():
            wanted = Selection(topic=topic, queue_id=int(queue_id))
            found = [message for message in reader.find(wanted) if not message.part]
            shown = [message.shown() for message in found]
            assert [m["physicalOffset"] for m in queue["messages"]] == [
                m["physical_offset"] for m in shown
            ], topic
            for mine, theirs in zip(shown, queue["messages"], strict=True):
                assert mine["offset_message_id"] == theirs["offsetMsgId"]
                assert mine["born_ms"] == theirs["bornTimestamp"]
                assert mine["store_host"] == theirs["storeHost"].lstrip("/")
            for message, theirs in zip(found, queue["messages"], strict=True):
                if message.part is None:
                    assert len(message.body) == theirs["bodyLen"], topic


def test_all_codecs_and_batches_of_a_genuine_store_are_unpacked() -> None:
    files, _ = genuine("clean")
    zipped = find(files, topic="Zip")
    assert {m.record.sys_flag for m in zipped} == {0x101, 0x201, 0x301}
    assert all(m.body.isascii() and not m.problem for m in zipped)
    batch = find(files, topic="Bcq", queue_id=0, from_offset=4)
    assert [(m.record.queue_offset, m.part) for m in batch] == [(4, 1), (5, 2), (6, 3)]
    assert batch[0].keys == ["bcqb-1"]
    assert batch[0].shown()["part"] == 1
    [light] = find(files, topic="%LMQ%beta")
    assert light.record.topic == "Lmq"
    reader = MessageReader(looked_at(files))
    [inside] = reader.find(Selection(topic="Bcq", key="bcqb-2"))
    assert inside.part == 2
    assert reader.way == "by reading the log"


def test_bodies_that_cannot_be_unpacked_are_shown_as_stored() -> None:
    data = encode_record(Record(topic="T", body=b"\xff\0", sys_flag=1))
    [message] = messages_of(data)
    assert message.body == b"\xff\0"
    assert "zlib" in message.problem
    assert message.shown()["body_base64"] == "/wA="
    packed = compressor(3).compress(b"torn batch", 5)
    [message] = messages_of(
        encode_record(Record(topic="T", body=packed, sys_flag=0x81))
    )
    assert message.problem


def test_what_is_no_record_is_no_message() -> None:
    assert messages_of(b"short") == []
    assert MessageReader(looked_at(filled(3))).at(5) == []
    assert Path("/store") == ROOT
