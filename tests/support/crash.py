"""Load, kill -9, restart, and what is left."""

import time
from dataclasses import dataclass
from pathlib import Path

from load import Sender, problems, read_topic
from processes import OurBroker

TOPIC = "Crash"
BODY = 1024


@dataclass
class Outcome:
    """What a crash left."""

    acked: int
    sends_per_s: float
    restart_s: float
    problems: list[str]
    offsets_given_twice: list[tuple[int, int]]


def crash_under_load(
    data: Path,
    *,
    mib: int,
    rate: float | None,
    settings: dict[str, str] | None = None,
    before_restart: "list[str] | tuple[str, ...]" = (),
    store: str | None = None,
) -> Outcome:
    """Send *mib* MiB and go on sending, kill the broker, start it again and look.

    *before_restart* names files below the data directory that are removed first.
    """
    broker = OurBroker(data, settings=settings, store=store)
    with broker:
        sender = Sender(broker.address, TOPIC, rate=rate, size=BODY)
        sender.start()
        wanted = mib * 1024 * 1024 // BODY
        sender.wait_for(wanted, 60 + wanted / (rate or 5000) * 4)
        assert sender.is_alive(), f"the load ended by itself: {sender.refused}"
        broker.kill()
        sender.join()
        for name in before_restart:
            (data / name).unlink(missing_ok=True)
        began = time.monotonic()
        broker.start()
        restart_s = time.monotonic() - began
        after = Sender(broker.address, TOPIC, first=sender.sent, count=1000)
        after.start()
        after.join()
        acked = sender.acked | after.acked
        twice = sender.twice + sorted(set(sender.acked) & set(after.acked))
        wrong = problems(acked, read_topic(broker.address, TOPIC), BODY)
        if sender.refused or after.refused:
            wrong.append(f"refused: {sender.refused} {after.refused}")
        if len(after.acked) != 1000:
            wrong.append("the broker does not take messages after the crash")
    return Outcome(
        len(acked),
        len(sender.acked) / max(sender.seconds, 0.001),
        round(restart_s, 2),
        wrong,
        twice,
    )
