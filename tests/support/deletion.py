"""What either broker says about a log whose beginning was deleted."""

import time
from pathlib import Path

from processes import ask

from twistedmq.protocol.codes import RequestCode

TOPIC = "FromOurs"
QUEUES = 4
SETTINGS = {
    "mappedFileSizeCommitLog": "1048576",
    "mappedFileSizeConsumeQueue": "2000",
    "maxHashSlotNum": "1000",
    "maxIndexNum": "4000",
}


def bounds(address: str, topic: str = TOPIC) -> list[tuple[int, int]]:
    """Give (min, max) of each queue, as a broker tells."""
    found = []
    for queue_id in range(QUEUES):
        fields = {"topic": topic, "queueId": str(queue_id)}
        answers = [
            ask(address, code, fields)[2]
            for code in (RequestCode.GET_MIN_OFFSET, RequestCode.GET_MAX_OFFSET)
        ]
        low, high = (int(answer["offset"]) for answer in answers)
        found.append((low, high))
    return found


def at_the_beginning(address: str) -> list[object]:
    """Say what a broker answers about what is no longer there."""
    queue = {"topic": TOPIC, "queueId": "1"}
    pull = {
        "consumerGroup": "READER",
        "queueOffset": "0",
        "maxMsgNums": "32",
        "sysFlag": "4",
        "commitOffset": "0",
        "suspendTimeoutMillis": "0",
        "subscription": "*",
        "subVersion": "0",
    }
    code, _, fields, _ = ask(address, RequestCode.PULL_MESSAGE, queue | pull)
    searched = ask(
        address, RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, queue | {"timestamp": "0"}
    )
    names = ("nextBeginOffset", "minOffset", "maxOffset")
    return [code, *(fields[name] for name in names), searched[0], searched[2]]


def wait_until_deleted(data: Path, address: str, *emptied: Path) -> None:
    """Ask until only the last log file is left, and queues and index have followed.

    The genuine broker has made a next log file. Of each folder in *emptied* a few files
    may be left.
    """
    end = time.monotonic() + 90
    while not (
        len(list((data / "store" / "commitlog").iterdir())) <= 2
        and all(low > 0 for low, _ in bounds(address) + bounds(address, "Old"))
        and all(len(list(folder.iterdir())) < 3 for folder in emptied)
    ):
        assert time.monotonic() < end, "what is old is still there"
