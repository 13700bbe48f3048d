"""Thousands of messages of all levels, due in the same second: sends go on."""

import threading
import time
from pathlib import Path

import pytest
from deliveries import Deliveries, wait_for_deliveries
from load import SEND_V2, Sender
from processes import OurBroker, ask

pytestmark = pytest.mark.soak

LEVELS = 18
DELAYS_S = [5] * LEVELS
COUNT = 1000
SETTINGS = {"messageDelayLevel": " ".join(f"{delay}s" for delay in DELAYS_S)}


class Pulse(threading.Thread):
    """Sends one message after the other, and notes how long each took."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self._address = address
        self.took_s: list[tuple[float, float]] = []
        self.ended = threading.Event()

    def run(self) -> None:
        fields = {
            "a": "P", "b": "Pulse", "c": "TBW102", "d": "4", "e": "0", "f": "0",
            "g": "0", "h": "0", "i": "", "j": "0", "k": "false", "m": "false",
        }  # fmt: skip
        while not self.ended.wait(0.005):
            began = time.monotonic()
            code, remark, _, _ = ask(self._address, SEND_V2, fields, b"x" * 100)
            assert code == 0, remark
            self.took_s.append((began, time.monotonic() - began))

    def slowest_s(self, since_s: float) -> float:
        return max(took for began, took in self.took_s if began >= since_s)


def test_sends_go_on_while_thousands_are_delivered(tmp_path: Path) -> None:
    with OurBroker(tmp_path / "data", settings=SETTINGS) as broker:
        pulse = Pulse(broker.address)
        for level in range(1, LEVELS + 1):
            more = f"DELAY\x01{level}\x02"
            Sender(broker.address, f"L{level}", count=COUNT, size=200, more=more).run()
        began = time.monotonic()
        pulse.start()
        wait_for_deliveries(broker.address, broker.data, DELAYS_S, 60)
        pulse.ended.set()
        pulse.join()
    deliveries = Deliveries(broker.data, DELAYS_S)
    deliveries.check()
    assert len(deliveries.times) == LEVELS * COUNT
    print(f"{len(pulse.took_s)} sends, the slowest took {pulse.slowest_s(began):.3f} s")
    assert pulse.slowest_s(began) < 0.3
