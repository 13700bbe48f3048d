"""Our clients under load against our broker, in real time: what grows?

Ten minutes, or as many seconds as ``$TWISTEDMQ_SOAK_S`` says, of 500 messages a second,
or as many as ``$TWISTEDMQ_SOAK_RATE`` says.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pytest
from processes import OurBroker, environment

pytestmark = pytest.mark.soak

SECONDS = float(os.environ.get("TWISTEDMQ_SOAK_S", "600"))
RATE = int(os.environ.get("TWISTEDMQ_SOAK_RATE", "500"))
"""Messages a second: a fraction of what one core could do."""
MOST_GROWTH_MIB = 12
"""Of the client, from the first quarter of the run to the last."""
MOST_BROKER_GROWTH_MIB = 24
"""Of the broker: it keeps the last entries of queues and keys in memory."""

PROGRAM = '''
"""Send and consume for a while; print a line of figures every few seconds."""

import gc, json, os, re, sys, time
from pathlib import Path
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater, react
from twistedmq import Consumer, Message, Producer, StartFrom

NAMESERVERS, SECONDS, RATE = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
TURN_S = 0.02
BODY = b"x" * 1024


def anonymous_mib(pid):
    found = re.search(r"RssAnon:\\s+(\\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024


class Load:
    def __init__(self):
        self.sent = self.acked = self.failed = self.consumed = self.again = 0
        self.seen = set()

    def send(self, producer, count):
        for _ in range(count):
            self.sent += 1
            sending = producer.send(Message("Load", b"%d " % self.sent + BODY))
            sending.addCallbacks(self._acked, self._failed)

    def _acked(self, _):
        self.acked += 1

    def _failed(self, failure):
        self.failed += 1
        print("failed:", failure.value, file=sys.stderr)

    def consume(self, message):
        number = int(message.body.split(b" ")[0])
        if not number:
            return  # it made the topic
        self.again += number in self.seen
        self.seen.add(number)
        if len(self.seen) > 100_000:  # what came is forgotten when it is long ago
            self.seen = {each for each in self.seen if each > number - 50_000}
        self.consumed += 1


def sample(load):
    gc.collect()
    deferreds = sum(isinstance(each, Deferred) for each in gc.get_objects())
    return {
        "seconds": round(time.monotonic() - BEGUN, 1),
        "client_mib": anonymous_mib(os.getpid()),
        "behind": load.acked - load.consumed,
        "waiting": load.sent - load.acked - load.failed,
        "deferreds": deferreds,
        "timers": len(reactor.getDelayedCalls()),
        "objects": len(gc.get_objects()),
    }


async def main(reactor):
    load = Load()
    # a machine that is busy with others must not look like a leak
    async with Producer("load", nameservers=NAMESERVERS, timeout_s=60) as producer:
        await producer.send(Message("Load", b"0 first"))
        consumer = Consumer(
            "load", {"Load": "*"}, nameservers=NAMESERVERS, start_from=StartFrom.LAST
        )
        running = consumer.run(load.consume)
        await deferLater(reactor, 3)
        sampling = LoopingCall(lambda: print(json.dumps(sample(load)), flush=True))
        sampling.start(SECONDS / 60, now=False)
        began = time.monotonic()
        while time.monotonic() - began < SECONDS:
            wanted = int((time.monotonic() - began) * RATE) - load.sent
            load.send(producer, min(wanted, RATE))
            await deferLater(reactor, TURN_S)
        for _ in range(100):
            if load.consumed >= load.acked:
                break
            await deferLater(reactor, 0.1)
        sampling.stop()
        await consumer.close()
        await running
    print(json.dumps({"end": vars(load) | {"seen": len(load.seen)}}), flush=True)


BEGUN = time.monotonic()
react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
'''


def growth(samples: Sequence[dict[str, float]], name: str) -> float:
    """Say by how much the median of the last quarter is above that of the first.

    The very beginning is left out: there is nothing then of what will always be there.
    """
    values = [sample[name] for sample in samples[len(samples) // 6 :]]
    quarter = max(1, len(values) // 4)
    return median(values[-quarter:]) - median(values[:quarter])


def test_nothing_grows_under_load(tmp_path: Path) -> None:
    program = tmp_path / "load.py"
    program.write_text(PROGRAM)
    samples: list[dict[str, float]] = []
    end: dict[str, int] = {}
    with OurBroker(tmp_path / "data") as broker:
        arguments = [program, broker.namesrv, str(SECONDS), str(RATE)]
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
                else:
                    samples.append(found | {"broker_mib": broker.anonymous_mib()})
                    print(json.dumps(samples[-1]))
        assert process.returncode == 0
    print(end)
    assert end["failed"] == 0
    assert end["consumed"] - end["again"] == end["acked"] == end["sent"]
    assert end["again"] == 0
    assert len(samples) > 20
    assert growth(samples, "client_mib") < MOST_GROWTH_MIB
    assert growth(samples, "broker_mib") < MOST_BROKER_GROWTH_MIB
    assert growth(samples, "deferreds") < 100
    assert growth(samples, "timers") < 20
    assert max(sample["behind"] for sample in samples[10:]) < 2 * RATE
    assert max(sample["waiting"] for sample in samples[10:]) < 2 * RATE
