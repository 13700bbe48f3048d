"""Our clients under load against our broker, in real time: what grows?

Ten minutes, or as many seconds as ``$TWISTEDMQ_SOAK_S`` says, of 500 messages a second,
or as many as ``$TWISTEDMQ_SOAK_RATE`` says. A busy machine takes longer for them, and
is judged by the same figures: what is left when nothing is under way, and how much work
a message was. What only a machine at rest can tell is judged if it was at rest.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pytest
import steady_load
from processes import OurBroker, environment
from steady_load import WINDOW_S

pytestmark = pytest.mark.soak

SECONDS = float(os.environ.get("TWISTEDMQ_SOAK_S", "600"))
RATE = int(os.environ.get("TWISTEDMQ_SOAK_RATE", "500"))
"""Messages a second: a fraction of what one core could do."""
WAVES = 40

MOST_GROWTH: dict[str, float] = {
    "client_mib": 6,
    "broker_mib": 16,  # it keeps the last entries of queues and keys in memory
    "deferreds": 5,
    "timers": 3,
    "objects": 500,
}
"""Of what is there when nothing is under way, once the run is warm."""
MOST_TIMES: dict[str, float] = {"client_us": 1.5, "broker_us": 1.5}
"""As much of a core a message, late beside early: other programs cost a cache."""
CALM_STARVED, CALM_STILL_S = 0.1, 1.0
"""A machine that had time for us: of each second, and in one piece."""

Samples = Sequence[dict[str, float]]


class Outcome(NamedTuple):
    samples: list[dict[str, float]]
    end: dict[str, int]


def early_and_late(samples: Samples, name: str) -> tuple[float, float]:
    """Give the medians of the first and the last third; a quarter is for warming up."""
    values = [sample[name] for sample in samples[len(samples) // 4 :]]
    third = max(1, len(values) // 3)
    return median(values[:third]), median(values[-third:])


def is_calm(samples: Samples) -> bool:
    """Whether the machine had time for us; a third of the waves may say otherwise."""
    starved = sorted(sample["starved"] for sample in samples)
    still_s = sorted(sample["still_s"] for sample in samples)
    at = len(samples) * 2 // 3
    return starved[at] < CALM_STARVED and still_s[at] < CALM_STILL_S


def what_grows(samples: Samples, rate: int) -> dict[str, tuple[float, float]]:
    """Say which figures rise that should not, and from where to where."""
    found = {}
    for name, most in MOST_GROWTH.items():
        early, late = early_and_late(samples, name)
        if late - early > most:
            found[name] = early, late
    for name, times in MOST_TIMES.items():
        early, late = early_and_late(samples, name)
        if late > times * early:
            found[name] = early, late
    if is_calm(samples):
        for name in ("waiting", "behind"):
            early, late = early_and_late(samples, name)
            if late - early > rate * WINDOW_S / 4:
                found[name] = early, late
        early, late = early_and_late(samples, "a_second")
        if late < 0.8 * early:
            found["a_second"] = early, late
    return found


def cpu_s(pid: int) -> float:
    """Give how long a process ran so far (Linux)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def under_load(folder: Path, size: int, rate: int, leak: str = "nothing") -> Outcome:
    """Run the program against a broker of its own; prints what it says."""
    samples: list[dict[str, float]] = []
    end: dict[str, int] = {}
    with OurBroker(folder / "data") as broker:
        arguments: list[Any] = [
            steady_load.__file__,
            broker.namesrv,
            WAVES,
            size,
            rate,
            leak,
        ]
        before_s = cpu_s(broker.pid)
        with subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                found = json.loads(line)
                if "end" in found:
                    end = found["end"]
                    continue
                now_s = cpu_s(broker.pid)
                found["broker_mib"] = round(broker.anonymous_mib(), 1)
                found["broker_us"] = round((now_s - before_s) * 1e6 / size, 1)
                before_s = now_s
                samples.append(found)
                print(json.dumps(found), flush=True)
        assert process.returncode == 0
    print(end, "calm" if is_calm(samples) else "the machine was busy")
    return Outcome(samples, end)


def test_nothing_grows_under_load(tmp_path: Path) -> None:
    size = round(RATE * SECONDS / WAVES)
    samples, end = under_load(tmp_path, size, RATE)
    assert len(samples) == WAVES
    assert end["sent"] == WAVES * size
    assert end["behind"] == 0  # nothing acknowledged was lost
    if max(sample["still_s"] for sample in samples) < 10:
        # a machine that stands still for long has requests time out and come again
        assert (end["failed"], end["again"]) == (0, 0)
    assert what_grows(samples, RATE) == {}


@pytest.mark.parametrize(
    ("leak", "seen_in"),
    [
        ("deferreds", "deferreds"),
        ("bytes", "client_mib"),
        ("timers", "timers"),
        ("time", "client_us"),
    ],
)
def test_what_is_lost_on_purpose_is_found(
    tmp_path: Path, leak: str, seen_in: str
) -> None:
    samples, _ = under_load(tmp_path, size=1000, rate=5000, leak=leak)
    assert seen_in in what_grows(samples, 5000)
