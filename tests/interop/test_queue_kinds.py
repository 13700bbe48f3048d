"""Light and batch queues: written by ours, served by the genuine broker, and back."""

from pathlib import Path

import peer
from bundles import Bundles, make_batch_topic
from load import Stored, read_queue
from two_way import TwoWay

LIGHT = "INNER_MULTI_DISPATCH\x01%LMQ%a,%LMQ%b\x02"
SETTINGS = {
    "enableLmq": "true",
    "enableMultiDispatch": "true",
    "mappedFileSizeCommitLog": "8388608",
    "mappedFileSizeConsumeQueue": "20000",
    "mapperFileSizeBatchConsumeQueue": "4600",  # a hundred entries
}


def check_light(address: str, expected: list[tuple[int, int]]) -> None:
    """See that both light queues hold the messages at *expected* (queue, offset)."""
    for position, name in enumerate(("%LMQ%a", "%LMQ%b")):
        stored = list(read_queue(address, name, 0))
        assert sorted(place(m) for m in stored) == sorted(expected), name
        told = [m.properties["INNER_MULTI_QUEUE_OFFSET"] for m in stored]
        offsets = [int(offsets.split(",")[position]) for offsets in told]
        assert offsets == list(range(len(stored))), name


def place(message: Stored) -> tuple[int, int]:
    return message.queue_id, message.queue_offset


def test_light_and_batch_queues_both_ways(tmp_path: Path) -> None:
    both = TwoWay(tmp_path / "data", SETTINGS)
    bundles, light = Bundles(), list[tuple[int, int]]()

    def dispatched(address: str, count: int) -> None:
        known = set(both.sent["Light"].acked) if "Light" in both.sent else set()
        both.send(address, "Light", count, more=LIGHT)
        light.extend(set(both.sent["Light"].acked) - known)

    def check(address: str) -> None:
        bundles.check(address)
        check_light(address, light)

    def served_and_more(genuine: peer.Broker) -> None:
        check(genuine.address)
        bundles.send(genuine.address, 150)
        dispatched(genuine.address, 1000)
        check(genuine.address)

    with both.ours() as ours:
        for topic in ("Singles", bundles.topic):
            make_batch_topic(ours.address, topic)
        both.send(ours.address, "Singles", 500, queues=1)
        bundles.send(ours.address, 250)
        dispatched(ours.address, 2500)
        check(ours.address)
        ours.kill()
    with both.ours() as ours:
        bundles.send(ours.address, 50)
        dispatched(ours.address, 100)
        check(ours.address)
    both.through_genuine(served_and_more)
    with both.ours() as ours:
        check(ours.address)
        bundles.send(ours.address, 20)
        dispatched(ours.address, 100)
        check(ours.address)
