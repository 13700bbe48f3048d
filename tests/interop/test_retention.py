"""Deleting old files: what is left, the other broker opens."""

import time
from pathlib import Path

from processes import ask
from two_way import TwoWay

from twistedmq.protocol.codes import RequestCode, ResponseCode

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


def wait_until_deleted(data: Path, left: int = 1) -> None:
    """Wait until so many files of the commit log are left."""
    end = time.monotonic() + 90
    while len(list((data / "store" / "commitlog").iterdir())) > left:
        assert time.monotonic() < end, "the old files are still there"
        time.sleep(0.05)
    time.sleep(1)  # queues follow


def test_what_ours_left_opens_in_the_genuine_broker(tmp_path: Path) -> None:
    both = TwoWay(
        tmp_path / "data",
        SETTINGS,
        ours={
            "fileReservedTime": "0",
            "deleteWhen": "",
            "deleteCommitLogFilesInterval": "5",
            "deleteFileBatchMax": "100",
            "cleanResourceInterval": "300",
        },
    )
    with both.ours() as ours:
        both.send(ours.address, "Old", 2000)
        both.send(ours.address, TOPIC, 12_000)
    with both.ours() as ours:
        assert len(list((both.data / "store" / "index").iterdir())) > 5
        assert len(list((both.data / "store" / "commitlog").iterdir())) > 10
        code, *_ = ask(ours.address, RequestCode.DELETE_EXPIRED_COMMITLOG)
        assert code == ResponseCode.SUCCESS
        wait_until_deleted(both.data)
        kept = bounds(ours.address)
        assert all(0 < low < high for low, high in kept)
        assert all(low == high > 0 for low, high in bounds(ours.address, "Old"))
        for queue_id, (low, _) in enumerate(kept):
            both.sent[TOPIC].expire(queue_id, low)
        both.sent["Old"].acked.clear()
        both.check(ours.address)
        answers = at_the_beginning(ours.address)
        queue_files = list(
            (both.data / "store" / "consumequeue" / TOPIC / "0").iterdir()
        )
        assert len(queue_files) < 5
        assert len(list((both.data / "store" / "index").iterdir())) < 3

    def agrees(genuine: object) -> None:
        address = genuine.address  # type: ignore[attr-defined]
        assert bounds(address) == kept
        assert bounds(address, "Old") == [(500, 500)] * QUEUES
        assert at_the_beginning(address) == answers

    both.through_genuine(agrees)
