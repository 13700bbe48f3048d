"""Delayed messages: set aside by one broker, delivered by the other."""

from pathlib import Path

from deliveries import Deliveries, wait_for_deliveries
from load import Sender
from two_way import TwoWay

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DelayOffsetSerializeWrapper

DELAYS_S = [1, 6, 12]
SETTINGS = {
    "messageDelayLevel": " ".join(f"{delay}s" for delay in DELAYS_S),
    "mappedFileSizeCommitLog": "8388608",
}
COUNT = 300


def send_all(address: str, name: str) -> None:
    """Send messages that wait for each level, to topics of their own."""
    for level in range(1, len(DELAYS_S) + 1):
        more = f"DELAY\x01{level}\x02"
        sender = Sender(address, f"{name}{level}", count=COUNT, more=more)
        sender.start()
        sender.join()
        assert len(sender.acked) == COUNT, dict(sender.refused)


def wait_for_some(address: str, data: Path, topic: str) -> None:
    """Return when the first of three levels is delivered."""
    wait_for_deliveries(address, data, DELAYS_S, 20, topics={topic})


def test_each_broker_goes_on_where_the_other_was_stopped(tmp_path: Path) -> None:
    both = TwoWay(tmp_path / "data", SETTINGS)
    with both.ours() as ours:
        send_all(ours.address, "Ours")
        wait_for_some(ours.address, both.data, "Ours1")
    with both.genuine() as genuine:
        send_all(genuine.address, "Genuine")
        wait_for_some(genuine.address, both.data, "Genuine1")
    with both.ours() as ours:
        wait_for_deliveries(ours.address, both.data, DELAYS_S, 60)
    deliveries = Deliveries(both.data, DELAYS_S)
    deliveries.check()
    assert len(deliveries.times) == 2 * len(DELAYS_S) * COUNT
    kept = (both.data / "store" / "config" / "delayOffset.json").read_bytes()
    held = loose_json.decode(kept, type=DelayOffsetSerializeWrapper)
    assert held.offset_table == {1: 2 * COUNT, 2: 2 * COUNT, 3: 2 * COUNT}


def test_the_genuine_broker_goes_on_after_a_crash_of_ours(tmp_path: Path) -> None:
    both = TwoWay(tmp_path / "data", SETTINGS)
    with both.ours() as ours:
        send_all(ours.address, "Ours")
        wait_for_some(ours.address, both.data, "Ours1")
        ours.kill()
    with both.genuine() as genuine:
        wait_for_deliveries(genuine.address, both.data, DELAYS_S, 60)
    deliveries = Deliveries(both.data, DELAYS_S)
    deliveries.check(twice_allowed=("Ours1",))
    assert len(deliveries.times) == len(DELAYS_S) * COUNT
