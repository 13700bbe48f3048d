"""Send and consume wave by wave, and say after each what is left of it.

A wave is a number of messages, not a time: a machine that is busy with others takes
longer and shows the same. After a wave nothing is under way any more, so that whatever
is still there is what a program gathers while it lives.

Run as a program: NAMESERVERS WAVES MESSAGES-A-WAVE RATE LEAK. It prints a line of JSON
after each wave, and one at the end. LEAK is "nothing", or what this program is to lose
on purpose.
"""

import gc
import json
import os
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater, react

from twistedmq import Consumer, Message, Producer, StartFrom

reactor: Any = installed_reactor

TOPIC = "Load"
BODY = b"x" * 1024
TURN_S = 0.02
WINDOW_S = 2
"""Not more messages are under way than are sent in that time: where the machine cannot
do as many, fewer are sent."""
MOST_IDLE_TURNS = 6000
"""So many turns in which nothing is acknowledged or consumed, and we give up: two
minutes on a machine that has time for us. Turns, not seconds, so that a process that
was stopped as a whole has lost nothing."""


def anonymous_mib(pid: int) -> float:
    """Give the anonymous resident memory of a process (Linux)."""
    found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def live() -> tuple[int, int]:
    """Give how many Deferreds there are, and how many objects of any kind."""
    gc.collect()
    objects = gc.get_objects()
    # some proxies raise at isinstance when what they stand for is gone
    deferreds = sum(issubclass(type(each), Deferred) for each in objects)
    return deferreds, len(objects)


def starved_s(pid: int) -> float:
    """Give how long a process was ready to run and another one ran (Linux)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


class Stalled(Exception):  # noqa: N818 - it is no error of the library
    """Nothing came for too long."""


ACKED, SEEN = 1, 2


class Load:
    """What was sent, and what became of it.

    Attributes:
        again: how often a message was consumed that had been already.
        behind: how many messages are acknowledged and not consumed.
    """

    def __init__(self, most: int, leak: Callable[[], Any]) -> None:
        self.sent = self.acked = self.failed = 0
        self.consumed = self.again = self.behind = 0
        self.most_waiting = self.most_behind = 0
        self._became = bytearray(b"\1") * (most + 1)
        self._became[:] = bytes(most + 1)  # all its pages are there from the beginning
        self._leak = leak

    @property
    def waiting(self) -> int:
        """How many sends are not answered yet."""
        return self.sent - self.acked - self.failed

    def send(self, producer: Producer, number: int) -> None:
        """Send so many messages more."""
        for _ in range(number):
            self.sent += 1
            body = b"%d " % self.sent + BODY
            sending = producer.send(Message(TOPIC, body))
            sending.addCallbacks(self._acked, self._failed, callbackArgs=(self.sent,))

    def look(self) -> None:
        """Note how much is under way."""
        self.most_waiting = max(self.most_waiting, self.waiting)
        self.most_behind = max(self.most_behind, self.behind)

    def consume(self, message: Any) -> None:
        """Take in a message."""
        number = int(message.body.split(b" ")[0])
        if not number:
            return  # it made the topic
        self._leak()
        became = self._became[number]
        if became & SEEN:
            self.again += 1
            return
        self._became[number] = became | SEEN
        self.consumed += 1
        self.behind -= became & ACKED

    def _acked(self, _: Any, number: int) -> None:
        became = self._became[number]
        self._became[number] = became | ACKED
        self.acked += 1
        self.behind += not became & SEEN

    def _failed(self, failure: Any) -> None:
        self.failed += 1
        print("failed:", failure.value, file=sys.stderr)


class Stillness:
    """The longest time in which this process, or its machine, stood still."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._before: float | None = None

    def look(self) -> None:
        """Note how long ago the last look was."""
        now = time.monotonic()
        if self._before is not None:
            self.longest_s = max(self.longest_s, now - self._before)
        self._before = now


async def wave(load: Load, producer: Producer, size: int, rate: int) -> None:
    """Send a wave at *rate* a second, and wait until all of it is consumed."""
    first, began = load.sent, time.monotonic()
    window, idle = max(1, rate * WINDOW_S), 0
    while load.sent - first < size or load.waiting or load.behind:
        before = load.acked, load.failed, load.consumed
        due = min(size, int((time.monotonic() - began) * rate) + 1) - load.sent + first
        room = window - load.waiting - load.behind
        load.send(producer, max(0, min(due, room)))
        await deferLater(reactor, TURN_S)
        load.look()
        idle = idle + 1 if before == (load.acked, load.failed, load.consumed) else 0
        if idle > MOST_IDLE_TURNS:
            raise Stalled(f"{load.waiting} sends waiting, {load.behind} not consumed")


async def main(
    reactor: Any, nameservers: str, waves: int, size: int, rate: int, kind: str
) -> None:
    """Have the waves, and print what is left after each."""
    lost: list[Any] = []
    own = os.getpid()
    load, stillness = Load(waves * size, lambda: LEAKS[kind](lost)), Stillness()
    looking = LoopingCall(stillness.look)
    began = time.monotonic()
    async with Producer("load", nameservers=nameservers, timeout_s=60) as producer:
        await producer.send(Message(TOPIC, b"0 first"))
        consumer = Consumer(
            "load", {TOPIC: "*"}, nameservers=nameservers, start_from=StartFrom.FIRST
        )
        running = consumer.run(load.consume)
        looking.start(0.5)
        for number in range(waves):
            cpu_s, wave_began = time.process_time(), time.monotonic()
            starved = starved_s(own)
            await wave(load, producer, size, rate)
            cpu_s = time.process_time() - cpu_s
            wave_s = time.monotonic() - wave_began
            starved = (starved_s(own) - starved) / wave_s
            await deferLater(reactor, 0.2)
            deferreds, objects = live()
            sample = {
                "wave": number,
                "seconds": round(time.monotonic() - began, 1),
                "a_second": round(size / wave_s),
                "starved": round(starved, 3),
                "still_s": round(stillness.longest_s, 1),
                "client_mib": anonymous_mib(own),
                "client_us": round(cpu_s * 1e6 / size, 1),
                "deferreds": deferreds,
                "objects": objects,
                "timers": len(reactor.getDelayedCalls()),
                "waiting": load.most_waiting,
                "behind": load.most_behind,
            }
            load.most_waiting = load.most_behind = 0
            stillness.longest_s = 0.0
            print(json.dumps(sample), flush=True)
        looking.stop()
        await consumer.close()
        await running
    names = ("sent", "acked", "failed", "consumed", "again", "behind")
    figures = {name: getattr(load, name) for name in names}
    print(json.dumps({"end": figures}), flush=True)


_numbers = count()

LEAKS: dict[str, Callable[[list[Any]], Any]] = {
    "nothing": lambda lost: None,
    "deferreds": lambda lost: next(_numbers) % 50 or lost.append(Deferred()),
    "bytes": lambda lost: lost.append(bytes(400)),
    "timers": lambda lost: next(_numbers) % 50 or reactor.callLater(9e6, int),
    "time": lambda lost: lost.append(1) or sum(lost),
}
"""What can be lost on purpose: one Deferred or timer in 50 messages, 400 bytes a
message, or a little more time for each message than for the one before."""


def run(arguments: list[str]) -> None:
    """Run as a program does."""
    nameservers, waves, size, rate, kind = arguments
    given = nameservers, int(waves), int(size), int(rate), kind
    react(lambda reactor: Deferred.fromCoroutine(main(reactor, *given)))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        run(sys.argv[1:])
