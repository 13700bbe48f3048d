"""What the genuine broker left after it deleted old files opens here.

It looks for the first time a minute after its start, so this is too long for
continuous integration; the other way round is in tests/interop.
"""

import time
from pathlib import Path

import pytest
from deletion import SETTINGS, TOPIC, at_the_beginning, bounds, wait_until_deleted
from processes import ask
from two_way import TwoWay

from twistedmq.protocol.codes import RequestCode, ResponseCode

pytestmark = pytest.mark.soak


def test_what_the_genuine_broker_left_opens_here(tmp_path: Path) -> None:
    another_hour = (time.localtime().tm_hour + 12) % 24
    both = TwoWay(
        tmp_path / "data",
        SETTINGS,
        genuine={
            "fileReservedTime": "0",
            "deleteWhen": f"{another_hour:02d}",
            "deleteCommitLogFilesInterval": "5",
            "deleteFileBatchMax": "100",
            "cleanResourceInterval": "500",
        },
    )
    with both.genuine() as genuine:
        both.send(genuine.address, "Old", 2000)
        both.send(genuine.address, TOPIC, 12_000)
        code, *_ = ask(genuine.address, RequestCode.DELETE_EXPIRED_COMMITLOG)
        assert code == ResponseCode.SUCCESS
        wait_until_deleted(both.data, genuine.address)
        kept = bounds(genuine.address)
        old = bounds(genuine.address, "Old")
        answers = at_the_beginning(genuine.address)
        assert all(0 < low < high for low, high in kept)
    for queue_id, (low, _) in enumerate(kept):
        both.sent[TOPIC].expire(queue_id, low)
    both.sent["Old"].acked.clear()
    for _ in range(2):
        with both.ours() as ours:
            assert bounds(ours.address) == kept
            assert bounds(ours.address, "Old") == old
            assert at_the_beginning(ours.address) == answers
            both.check(ours.address)
            both.append(ours.address, 100)
            both.check(ours.address)
            kept, old = bounds(ours.address), bounds(ours.address, "Old")
            answers = at_the_beginning(ours.address)
