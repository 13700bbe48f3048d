"""What is asked about a topic with batch queues, of the genuine broker and of ours."""

import json
import time
from collections.abc import Iterator
from typing import Any

from bundles import Bundles, make_batch_topic
from processes import ask

from twistedmq.protocol.codes import RequestCode

QUEUE = {"topic": Bundles.topic, "queueId": "0"}
DIFFER = ("popTime", "reviveQid", "timestamp")
BOUNDS = [
    (RequestCode.GET_MAX_OFFSET, {}),
    (RequestCode.GET_MIN_OFFSET, {}),
    (RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, {"timestamp": "0"}),
    (RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, {"timestamp": str(2**41)}),
    (
        RequestCode.SEARCH_OFFSET_BY_TIMESTAMP,
        {"timestamp": "0", "boundaryType": "UPPER"},
    ),
    (RequestCode.GET_EARLIEST_MSG_STORETIME, {}),
    (RequestCode.QUERY_CONSUME_QUEUE, {"index": "0", "count": "5"}),
    (RequestCode.QUERY_CONSUME_QUEUE, {"index": "3", "count": "5"}),
]
PULLS = [(0, 32), (0, 1), (2, 1), (4, 3), (20, 5), (1000, 5), (-1, 3)]


def questions() -> Iterator[tuple[int, dict[str, str]]]:
    yield from BOUNDS
    for offset, count in PULLS:
        pull = {
            "consumerGroup": "BatchPulled",
            "queueOffset": str(offset),
            "maxMsgNums": str(count),
            "sysFlag": "4",
            "commitOffset": "0",
            "suspendTimeoutMillis": "0",
            "subscription": "*",
            "subVersion": "0",
        }
        yield RequestCode.PULL_MESSAGE, pull
    for _ in range(2):
        pop = {
            "consumerGroup": "BatchPopped",
            "maxMsgNums": "4",
            "invisibleTime": "60000",
            "pollTime": "1000",
            "bornTime": str(time.time_ns() // 1_000_000),
            "initMode": "0",
            "order": "false",
        }
        yield RequestCode.POP_MESSAGE, pop


def wait_until_readable(address: str, end: int) -> None:
    """Ask until the queue ends at *end*: the genuine broker's follow its answers."""
    latest = time.monotonic() + 30
    while True:
        _, _, header, _ = ask(address, RequestCode.GET_MAX_OFFSET, QUEUE)
        if int(header["offset"]) == end:
            return
        assert time.monotonic() < latest, f"{header['offset']}, not {end}"


def answers(address: str) -> list[Any]:
    make_batch_topic(address, Bundles.topic)
    bundles = Bundles()
    bundles.send(address, 12)
    wait_until_readable(address, bundles.next_offset)
    found: list[Any] = []
    for code, fields in questions():
        status, remark, header, body = ask(address, code, QUEUE | fields)
        assert status in (0, 21), remark
        kept = {k: v for k, v in header.items() if k not in DIFFER}
        if code == RequestCode.QUERY_CONSUME_QUEUE:
            entries = json.loads(body)["queueData"]
            found.append([entry["physicSize"] for entry in entries])
        else:
            found.append((code, status, kept, len(body)))
    return found


def test_the_same_is_answered(genuine: Any, ours: Any) -> None:
    wanted = answers(genuine.address)
    assert answers(ours.address) == wanted
