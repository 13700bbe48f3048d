"""Stores of a genuine broker: all that it told of them is what ours makes of them."""

import hashlib
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from store_vectors import unpack

from twistedmq.protocol import properties
from twistedmq.protocol.compression import decompress_body
from twistedmq.protocol.record import Record, decode_record
from twistedmq.store.files.store import FileStore
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.stores import open_store

NAMES = ("clean", "crash", "torn", "v2")
BATCH_TOPIC = "Bcq"
"""Its queue has entries of 46 bytes, which another test looks at."""
COMPRESSED = 1


def expected(manifest: dict[str, Any]) -> dict[str, Any]:
    """What the genuine broker served after it started on these files."""
    return manifest.get("recovered", manifest)


def told(record: Record) -> dict[str, Any]:
    """Give *record* as the manifest tells a message.

    The client that wrote it has unpacked the body, and says so in the system flag.
    """
    body = decompress_body(record.sys_flag, record.body)
    named = properties.parse(record.properties)
    return {
        "queueOffset": record.queue_offset,
        "physicalOffset": record.physical_offset,
        "storeSize": record.size,
        "msgId": named.get("UNIQ_KEY", offset_id(record)),
        "offsetMsgId": offset_id(record),
        "bornTimestamp": record.born_ms,
        "storeTimestamp": record.store_ms,
        "bornHost": host(record.born_host),
        "storeHost": host(record.store_host),
        "sysFlag": record.sys_flag & ~COMPRESSED,
        "flag": record.flag,
        "bodyCRC": record.body_crc,
        "reconsumeTimes": record.reconsume_times,
        "preparedTransactionOffset": record.prepared_offset,
        "bodyLen": len(body),
        "bodySha256": hashlib.sha256(body).hexdigest(),
        "properties": named,
    }


def offset_id(record: Record) -> str:
    return (record.store_host + record.physical_offset.to_bytes(8)).hex().upper()


def host(packed: bytes) -> str:
    address = ip_address(packed[:-4])
    text = str(address)
    if address.version == 6:  # as Java writes it
        words = [int(word, 16) for word in address.exploded.split(":")]
        text = "[" + ":".join(f"{word:x}" for word in words) + "]"
    return f"/{text}:{int.from_bytes(packed[-4:])}"


def served(store: FileStore, topic: str, queue_id: int) -> list[Record]:
    """Read a queue from its first message to its last."""
    found: list[Record] = []
    offset, last = store.queue_bounds(topic, queue_id)
    while offset < last:
        read = value_of(
            store.read_queue(topic, queue_id, offset, 1, 1 << 20, None, None)
        )
        assert (read.count, read.next_offset) == (1, offset + 1)
        found.append(decode_record(read.records[0]))
        offset += 1
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_message_is_served_as_it_was_told(name: str, tmp_path: Path) -> None:
    root, manifest = unpack(name, tmp_path)
    store = open_store(root)
    topics = expected(manifest)["messages"]
    checked = 0
    for topic, queues in topics.items():
        for queue_id, told_queue in queues.items():
            if topic == BATCH_TOPIC:
                continue
            bounds = store.queue_bounds(topic, int(queue_id))
            assert bounds == (told_queue["minOffset"], told_queue["maxOffset"]), topic
            found = [told(record) for record in served(store, topic, int(queue_id))]
            assert len(found) == len(told_queue["messages"])
            for mine, theirs in zip(found, told_queue["messages"], strict=True):
                if topic.startswith("%LMQ%"):  # its record says its own queue's
                    mine["queueOffset"] = theirs["queueOffset"]
                assert mine == {**theirs, "msgId": mine["msgId"]}, topic
                assert theirs["msgId"] in {mine["msgId"], mine["offsetMsgId"]}
                checked += 1
    assert checked > 10


@pytest.mark.parametrize("name", NAMES)
def test_there_is_no_queue_that_was_not_told(name: str, tmp_path: Path) -> None:
    root, manifest = unpack(name, tmp_path)
    told_queues = {
        (topic, int(queue_id))
        for topic, queues in expected(manifest)["messages"].items()
        for queue_id in queues
        if topic != BATCH_TOPIC
    }
    found = {q for q in open_store(root).queues() if q[0] != BATCH_TOPIC}
    hidden = {q for q in found - told_queues if q[0].startswith(("rmq_sys", "%RETRY%"))}
    assert found - hidden == told_queues


@pytest.mark.parametrize("name", NAMES)
def test_the_log_ends_where_the_genuine_broker_says(name: str, tmp_path: Path) -> None:
    root, manifest = unpack(name, tmp_path)
    told_bounds = manifest.get("recovered") or manifest["runtime"]
    least, most = (told_bounds[f"commitLog{end}Offset"] for end in ("Min", "Max"))
    assert open_store(root).log_bounds() == (int(least), int(most))


@pytest.mark.parametrize("name", NAMES)
def test_whatever_was_acknowledged_is_found_by_its_offset(
    name: str, tmp_path: Path
) -> None:
    root, manifest = unpack(name, tmp_path)
    store = open_store(root)
    end = store.log_bounds()[1]
    found = cut = 0
    for sent in manifest["sendResults"]:
        ids = sent.get("offsetMsgId", "")
        if not ids or "," in ids or sent["what"] == "bcq batch":
            continue  # a batch
        at = int(ids[-16:], 16)
        if at >= end:
            cut += 1
            continue
        raw = value_of(store.record_at(at))
        assert raw is not None, sent
        record = decode_record(raw)
        body = decompress_body(record.sys_flag, record.body)
        assert hashlib.sha256(body).hexdigest() == sent["bodySha256"], sent
        assert len(body) == sent["bodyLen"]
        found += 1
    assert cut == (name == "torn")
    assert found > 40
