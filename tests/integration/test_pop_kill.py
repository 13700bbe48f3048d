"""A broker killed in the middle of pops: what is out comes back, acks are kept."""

from pathlib import Path

from load import Sender
from popping import Popper
from processes import OurBroker

COUNT = 60
SETTINGS = {
    "brokerName": "both",
    "reviveInterval": "100",
    "flushConsumerOffsetInterval": "3000",
}


def test_kill_in_the_middle_of_pops(tmp_path: Path) -> None:
    with OurBroker(tmp_path / "data", settings=SETTINGS) as broker:
        sender = Sender(broker.address, "T", count=COUNT, queues=2)
        sender.start()
        sender.join()
        with Popper(broker.address, "T", "Early") as popper:
            written = tmp_path / "data" / "store" / "config" / "consumerOffset.json"
            while not written.exists():  # what comes now is not written for a while
                popper.pop(wait_ms=100)
        with Popper(broker.address, "T", "G", invisible_ms=1_500) as popper:
            popped = [each for _ in range(3) for each in popper.pop(16)]
            assert len(popped) == 48
            acked = popped[:10] + popped[20:30]
            popper.ack(acked[:10])
            popper.ack_together(acked[10:])
        broker.kill()
        broker.start()
        with Popper(broker.address, "T", "G", invisible_ms=60_000) as popper:
            found = popper.pop_all(4.5)
        numbers = [each.number for each in found]
        assert set(numbers) == set(range(COUNT)) - {each.number for each in acked}
