"""Timed messages that wait while one broker ends, and the other one goes on."""

import time
from pathlib import Path

import peer
import pytest
from load import read_topic
from processes import ask
from two_way import TwoWay

from twistedmq.store.timer.progress import decode_progress
from twistedmq.store.timer.recovery import PROGRESS

SEND, RECALL, METRICS, CHECK_POINT = 10, 370, 61, 60
TOPIC = "Timed"
SETTINGS = {
    "recallMessageEnable": "true",
    "autoCreateTopicEnable": "true",
    "timerRollWindowSlot": "9",
    "mappedFileSizeTimerLog": "1040",
    "mappedFileSizeCommitLog": "1048576",
}
"""A small window, so that messages roll, and small files, so that there are many."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Timers:
    """What was sent, and what is to become of it."""

    def __init__(self) -> None:
        self.due_ms: dict[str, int] = {}
        self.called_back: set[str] = set()

    def send(self, address: str, deliver_ms: int, count: int) -> None:
        for _ in range(count):
            key = f"U{len(self.due_ms)}"
            held = {"UNIQ_KEY": key, "KEYS": key, "TIMER_DELIVER_MS": f"{deliver_ms}"}
            code, remark, fields, _ = ask(
                address,
                SEND,
                {
                    "producerGroup": "p",
                    "topic": TOPIC,
                    "defaultTopic": "TBW102",
                    "defaultTopicQueueNums": "1",
                    "queueId": "0",
                    "sysFlag": "0",
                    "bornTimestamp": f"{now_ms()}",
                    "flag": "0",
                    "properties": "".join(f"{k}\x01{v}\x02" for k, v in held.items()),
                },
                key.encode(),
            )
            assert code == 0, remark
            self.due_ms[key] = deliver_ms
            self.last_handle = fields["recallHandle"]

    def call_back_the_last(self, address: str) -> None:
        key = f"U{len(self.due_ms) - 1}"
        fields = {
            "producerGroup": "p",
            "topic": TOPIC,
            "recallHandle": self.last_handle,
        }
        code, remark, answer, _ = ask(address, RECALL, fields)
        assert (code, answer.get("msgId")) == (0, key), remark
        self.called_back.add(key)

    def wait_and_check(self, address: str, until_ms: int, *, once: bool = True) -> None:
        """See that what is due until then was delivered, and nothing that is not."""
        time.sleep(max(0, until_ms - now_ms()) / 1000 + 2)
        stored = read_topic(address, TOPIC, 1)
        got = [message.body.decode() for message in stored]
        wanted = {k for k, due in self.due_ms.items() if due <= until_ms}
        assert wanted - self.called_back <= set(got), "forgotten"
        assert not self.called_back & set(got)
        for message in stored:
            due_ms = self.due_ms[message.body.decode()]
            assert int(message.properties["TIMER_DEQUEUE_MS"]) >= due_ms, "early"
        if once:
            assert len(got) == len(set(got)), "twice"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_waits_is_continued_by_the_other_broker(tmp_path: Path, end: str) -> None:
    """Ours begins, the genuine one goes on, and ours once more."""
    both = TwoWay(tmp_path / "data", SETTINGS)
    timers = Timers()
    with both.ours() as ours:
        begin_ms = now_ms()
        times_ms = [begin_ms + 1000 * s for s in (1, 8, 9, 16)]
        for deliver_ms in times_ms:
            timers.send(ours.address, deliver_ms, 15)
        # Within the window: where both roll and are late, the genuine broker delivers
        # what was called back.
        timers.send(ours.address, times_ms[1], 1)
        timers.call_back_the_last(ours.address)
        timers.wait_and_check(ours.address, times_ms[0])
        assert timing_count(ours.address) == 45
        wait_until_kept(both.data, times_ms[0])
        getattr(ours, end)()
    with both.genuine() as genuine:
        timers.wait_and_check(genuine.address, times_ms[2])
        last_ms = now_ms() + 8_000
        timers.send(genuine.address, last_ms, 15)
        timers.send(genuine.address, last_ms, 1)
        timers.call_back_the_last(genuine.address)
        time.sleep(1.5)
        getattr(genuine, end)()
    with both.ours() as ours:
        due_ms = max(last_ms, times_ms[3])
        timers.wait_and_check(ours.address, due_ms, once=end == "stop")
        _, _, _, progress = ask(ours.address, CHECK_POINT)
        assert len(progress) == 56
        assert "timers:" not in ours.output


def wait_until_kept(data: Path, time_ms: int) -> None:
    """Wait until a broker that is killed would deliver nothing again that was due then.

    How far it is comes to the disk a second after the delivery.
    """
    file, end = data / "store" / PROGRESS, time.monotonic() + 10
    while (kept := decode_progress(file.read_bytes())).read_ms <= time_ms:
        assert time.monotonic() < end, kept
        time.sleep(0.05)


def timing_count(address: str) -> int:
    body = peer.ask(address, METRICS)[3]
    text = body.decode()
    count = text.partition(f'"{TOPIC}":{{"count":')[2].partition(",")[0]
    return int(count or 0)
