"""Deleting old files: what is left, the other broker opens."""

from pathlib import Path

from deletion import (
    QUEUES,
    SETTINGS,
    TOPIC,
    at_the_beginning,
    bounds,
    wait_until_deleted,
)
from processes import ask
from two_way import TwoWay

from twistedmq.protocol.codes import RequestCode, ResponseCode


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
        queue_files = both.data / "store" / "consumequeue" / TOPIC / "0"
        index_files = both.data / "store" / "index"
        wait_until_deleted(both.data, ours.address, queue_files, index_files)
        kept = bounds(ours.address)
        assert all(0 < low < high for low, high in kept)
        assert all(low == high > 0 for low, high in bounds(ours.address, "Old"))
        for queue_id, (low, _) in enumerate(kept):
            both.sent[TOPIC].expire(queue_id, low)
        both.sent["Old"].acked.clear()
        both.check(ours.address)
        answers = at_the_beginning(ours.address)

    def agrees(genuine: object) -> None:
        address = genuine.address  # type: ignore[attr-defined]
        assert bounds(address) == kept
        assert bounds(address, "Old") == [(500, 500)] * QUEUES
        assert at_the_beginning(address) == answers

    both.through_genuine(agrees)
