"""Batches for topics that keep them as one message, sent over the wire."""

from heartbeats import make_topic
from load import read_queue
from processes import ask

from twistedmq.protocol.batch_body import BatchItem, encode_batch
from twistedmq.protocol.codes import RequestCode


def make_batch_topic(address: str, topic: str) -> None:
    make_topic(address, topic, 1, "+queue.type=BatchCQ")


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
