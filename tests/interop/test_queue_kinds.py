"""Light and batch queues: written by ours, served by the genuine broker, and back."""

from pathlib import Path

import peer
from load import Stored, read_queue
from processes import ask
from two_way import TwoWay

from twistedmq.protocol.batch_body import BatchItem, encode_batch
from twistedmq.protocol.codes import RequestCode

LIGHT = "INNER_MULTI_DISPATCH\x01%LMQ%a,%LMQ%b\x02"
SETTINGS = {
    "enableLmq": "true",
    "enableMultiDispatch": "true",
    "mappedFileSizeCommitLog": "8388608",
    "mappedFileSizeConsumeQueue": "20000",
    "mapperFileSizeBatchConsumeQueue": "4600",  # a hundred entries
}


def make_batch_topic(address: str, topic: str) -> None:
    fields = {
        "topic": topic,
        "defaultTopic": "TBW102",
        "readQueueNums": "1",
        "writeQueueNums": "1",
        "perm": "6",
        "topicFilterType": "SINGLE_TAG",
        "topicSysFlag": "0",
        "order": "false",
        "attributes": "+queue.type=BatchCQ",
    }
    code, remark, _, _ = ask(address, RequestCode.UPDATE_AND_CREATE_TOPIC, fields)
    assert code == 0, remark


class Bundles:
    """Batches sent to a batch topic; each is one record."""

    topic = "Bundles"

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.offsets: list[int] = []
        self.next_offset = 0

    def send(self, address: str, count: int) -> None:
        for _ in range(count):
            number = len(self.bodies)
            items = [
                BatchItem(0, b"%d.%d" % (number, n)) for n in range(1 + number % 9)
            ]
            body, unique = encode_batch(items), f"UB{number}"
            fields = {
                "a": "P", "b": self.topic, "c": "TBW102", "d": "1", "e": "0", "f": "0",
                "g": "1700000000000", "h": "0", "j": "0", "k": "false", "m": "true",
                "i": f"UNIQ_KEY\x01{unique}\x02WAIT\x01true\x02",
            }  # fmt: skip
            code, remark, answer, _ = ask(
                address, RequestCode.SEND_BATCH_MESSAGE, fields, body
            )
            assert code == 0, remark
            assert answer["batchUniqId"] == unique
            assert int(answer["queueOffset"]) == self.next_offset
            self.bodies.append(body)
            self.offsets.append(self.next_offset)
            self.next_offset += len(items)

    def check(self, address: str) -> None:
        stored = list(read_queue(address, self.topic, 0))
        assert [m.queue_offset for m in stored] == self.offsets
        assert [m.body for m in stored] == self.bodies
        for message in stored:
            assert message.properties["INNER_BASE"] == str(message.queue_offset)


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
