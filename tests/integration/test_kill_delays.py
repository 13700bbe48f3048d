"""kill -9 among delayed messages: none is forgotten, and none comes early."""

from pathlib import Path

from deliveries import Deliveries, wait_for_deliveries
from load import Sender
from processes import OurBroker

DELAYS_S = [1]
SETTINGS = {"messageDelayLevel": "1s", "mappedFileSizeCommitLog": "8388608"}


def test_kill_while_some_wait_and_some_are_delivered(tmp_path: Path) -> None:
    broker = OurBroker(tmp_path / "data", settings=SETTINGS)
    with broker:
        sender = Sender(
            broker.address, "Later", rate=2000, size=100, more="DELAY\x011\x02"
        )
        sender.start()
        sender.wait_for(2300, 30)  # more than a second's worth
        broker.kill()
        sender.join()
        broker.start()
        wait_for_deliveries(broker.address, broker.data, DELAYS_S, 20)
    deliveries = Deliveries(broker.data, DELAYS_S)
    deliveries.check(twice_allowed=("Later",))
    assert not sender.refused
    assert len(deliveries.set_aside) >= len(sender.acked) >= 2300
    assert max(deliveries.times.values()) <= 2
