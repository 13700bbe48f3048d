"""Stores written by ours open in the genuine broker, and in ours again."""

import json
from pathlib import Path

import peer
import pytest
from load import read_topic
from processes import OurBroker, python
from two_way import TwoWay

from twistedmq.protocol.bodies import TopicConfig, TopicConfigSerializeWrapper
from twistedmq.protocol.loose_json import encode_strict
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.stores import open_store

COUNT = 10_000
IPV6_HOST = bytes(15) + b"\x01" + (10911).to_bytes(4)
LONG_TOPIC = "%RETRY%" + "g" * 120 + "_" + "t" * 100
"""As long as only a retry topic may be: its records are of version 2."""


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_store_of_ours_opens_in_the_genuine_broker(tmp_path: Path, end: str) -> None:
    both = TwoWay(tmp_path / "data", {"mappedFileSizeCommitLog": "8388608"})
    with both.ours() as ours:
        both.send(ours.address, "FromOurs", COUNT)
        getattr(ours, end)()
    both.through_genuine(lambda genuine: is_refused(both.ours()))


def is_refused(broker: OurBroker) -> None:
    """See that a broker of ours does not start while another one has the directory."""
    done = python(*broker.command()[1:])
    assert done.returncode
    assert "another broker uses it" in done.stdout + done.stderr


def test_checksums_folders_and_small_files(tmp_path: Path) -> None:
    """Records with a checksum of their own, three folders, many segments and tables."""
    folders = [tmp_path / "disk" / name for name in "abc"]
    both = TwoWay(
        tmp_path / "data",
        {
            "mappedFileSizeCommitLog": "1048576",
            "mappedFileSizeConsumeQueue": "20000",
            "maxHashSlotNum": "1000",
            "maxIndexNum": "5000",
            "enabledAppendPropCRC": "true",
            "forceVerifyPropCRC": "true",
            "storePathCommitLog": ",".join(map(str, folders)),
            "flushDiskType": "SYNC_FLUSH",
        },
    )
    with both.ours() as ours:
        both.send(ours.address, "Folders", 5000)
        assert all(len(list(folder.iterdir())) > 1 for folder in folders)
    assert len(list((both.data / "store" / "index").iterdir())) > 2
    both.through_genuine()


def write_odd_records(data: Path) -> dict[str, int]:
    """Store what no client can send; gives how many messages each topic has."""
    store = open_store(
        data / "store",
        segment_bytes=8 * 1024 * 1024,
        queue_file_bytes=6_000_000,
        index_slots=5_000_000,
        index_items=20_000_000,
    )
    hosts = [b"\x0a\0\0\x01\0\0\x30\x39", IPV6_HOST]
    topics = ["Short", LONG_TOPIC, "x" * 127, "x" * 128]
    for number in range(200):
        told = [
            Told(topic, body=b"%d" % number, keys=f"n{number}", born_host=host)
            for topic in topics
            for host in hosts
        ]
        store.append(batch_of(told))
    store.stop()
    config = data / "store" / "config"
    config.mkdir()
    table = {
        topic: TopicConfig(topic_name=topic, read_queue_nums=1, write_queue_nums=1)
        for topic in topics
    }
    wrapper = TopicConfigSerializeWrapper(topic_config_table=table)
    (config / "topics.json").write_bytes(encode_strict(wrapper))
    return dict.fromkeys(topics, 400)


def test_both_versions_both_kinds_of_hosts_and_many_queues(tmp_path: Path) -> None:
    data = tmp_path / "data"
    odd = write_odd_records(data)

    def odd_are_served(address: str) -> None:
        for topic, count in odd.items():
            stored = read_topic(address, topic, 1)
            assert [int(m.body) for m in stored] == [n // 2 for n in range(count)]

    both = TwoWay(
        data,
        {"mappedFileSizeCommitLog": "8388608", "brokerIP1": "::1"},
        ours={"bindAddress": "0.0.0.0"},
        genuine={"bindAddress": "::"},
    )

    def served_and_more(genuine: peer.Broker) -> None:
        odd_are_served(genuine.address)
        both.send(f"[::1]:{genuine.port}", "GenuineOverIPv6", 1000)

    with both.ours() as ours:
        odd_are_served(ours.address)
        both.send(f"[::1]:{ours.port}", "OverIPv6", 1000)
        both.send(ours.address, "ManyQueues", 2000, queues=8)
        for number in range(10):
            both.send(ours.address, f"One{number}", 50, queues=8)
        topics = json.loads((data / "store/config/topics.json").read_bytes())
        assert LONG_TOPIC in topics["topicConfigTable"]
    both.through_genuine(served_and_more)
    with both.ours() as ours:
        odd_are_served(ours.address)
