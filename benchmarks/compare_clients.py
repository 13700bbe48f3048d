#!/usr/bin/env python3
"""Puts the same load on the genuine Java client and ours, in turn, and prints ratios.

Both stay for the whole of a run, with one broker: first the genuine one, then ours.
After they have warmed up each has one core to itself, the servers have the others, and
the client that is not measured is stopped. The genuine programs come from the peer kit
(JDK, Maven).
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
sys.path[:0] = map(str, (PROJECT / "tests/interop/kit", PROJECT / "tests/support"))

import peer  # noqa: E402
from processes import OurBroker, environment  # noqa: E402

LOADS = {
    "pipelined": "sends without waiting, so many in flight",
    "apart": "the same, each a request of its own",
    "batched": "the same, with automatic batches",
    "waiting": "so many senders that wait for each receipt, with automatic batches",
    "consumed": "a push consumer, its function called for each message",
}
CLIENT_CORE = 1
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Client:
    """A client in a process of its own, which takes orders."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self.name = name
        self._log = log.open("w+b")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment(),
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def order(self, *words: object) -> dict[str, Any]:
        """Have it do something; gives the figures."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            sys.exit(f"{self.name} ended:\n{self._log.read().decode()[-3000:]}")
        return json.loads(line)

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.send_signal(signal.SIGCONT)
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.seek(0)
        if said := self._log.read().decode().strip():
            print(f"# {self.name} said: {said[-500:]}", file=sys.stderr)


def java_client(namesrv: str, home: Path) -> Client:
    logs = [f"-Drocketmq.client.logRoot={home}/logs"]
    program = str(HERE / "clients" / "Load.java")
    command = peer.java(program, namesrv, heap=768, home=home, jvm=logs)
    return Client("java", command, home / "java.err")


def our_client(namesrv: str, home: Path) -> Client:
    command = [sys.executable, str(HERE / "clients" / "load.py"), namesrv]
    return Client("ours", command, home / "ours.err")


@contextmanager
def genuine_server() -> Iterator[tuple[str, list[int]]]:
    """Give the name server's address, and the processes of the servers."""
    with peer.NameServer() as names, peer.Broker(names) as broker:
        yield names.address, [names.pid, broker.pid]


@contextmanager
def our_server() -> Iterator[tuple[str, list[int]]]:
    with OurBroker() as broker:
        yield broker.namesrv, [broker.pid]


SERVERS = {"genuine": genuine_server, "ours": our_server}


def pin(pid: int, cores: set[int]) -> None:
    """Have all threads of a process run on *cores* only."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), cores)


def used_s(pids: Iterable[int]) -> float:
    """Give the processor time that processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * TICK_S


def busy_s() -> float:
    """Give the processor time that all have used."""
    user, nice, system, _, _, *interrupts = (
        int(each) for each in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
    )
    return (user + nice + system + sum(interrupts)) * TICK_S


class Bench:
    """Runs loads with both clients, beside one server."""

    def __init__(self, options: argparse.Namespace, server: str, out: Any) -> None:
        self.options = options
        self.server = server
        self.out = out
        self.results: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self._turn = 0

    def run(self, home: Path) -> None:
        options = self.options
        with ExitStack() as stack:
            namesrv, pids = stack.enter_context(SERVERS[self.server]())
            makers = {"java": java_client, "ours": our_client}
            clients = [
                stack.enter_context(makers[name](namesrv, home))
                for name in options.clients.split(",")
            ]
            with our_client(namesrv, home) as filler:
                filler.order("filled", "load_read", options.count, 1)
            for client in clients:
                self.warm_up(client)
            if not options.no_pin:
                others = os.sched_getaffinity(0) - {CLIENT_CORE}
                for pid in pids:
                    pin(pid, others or {CLIENT_CORE})
                for client in clients:
                    pin(client.pid, {CLIENT_CORE})
            for client in clients:
                client.send_signal(signal.SIGSTOP)
            for round_ in range(options.rounds):
                for load in options.loads.split(","):
                    for client in clients[:: -1 if round_ % 2 else 1]:
                        client.send_signal(signal.SIGCONT)
                        self.measure(client, load, pids)
                        client.send_signal(signal.SIGSTOP)

    def warm_up(self, client: Client) -> None:
        until = time.monotonic() + self.options.warm
        while time.monotonic() < until:
            for load in self.options.loads.split(","):
                self.order(client, load, max(1, self.options.count // 4))

    def order(self, client: Client, load: str, count: int) -> dict[str, Any]:
        if load == "consumed":
            self._turn += 1
            group = f"load_{client.name}_{self._turn}"
            return client.order(load, "load_read", count, 1, group)
        return client.order(load, "load_sent", count, self.options.window)

    def measure(self, client: Client, load: str, servers: list[int]) -> None:
        known = [client.pid, *servers]
        others, began = busy_s() - used_s(known), time.monotonic()
        figures = self.order(client, load, self.options.count)
        took_s = time.monotonic() - began
        others_cores = (busy_s() - used_s(known) - others) / took_s
        figures |= {
            "msgs_per_s": figures["messages"] / figures["seconds"],
            "cpu_us_per_msg": figures["cpu_s"] / figures["messages"] * 1e6,
            "cores": figures["cpu_s"] / figures["seconds"],
            "others_cpu_cores": max(0.0, others_cores),
        }
        self.results[load, client.name].append(figures)
        line = {"server": self.server, "client": client.name, "load": load}
        self.out.write(json.dumps({**line, "r": figures}) + "\n")
        self.out.flush()

    def tell(self) -> None:
        """Print the medians, and what ours is to the genuine client's."""
        for load in self.options.loads.split(","):
            rows = {
                name: [self.middle(load, name, figure) for figure in FIGURES]
                for name in self.options.clients.split(",")
            }
            for name, row in rows.items():
                rate, cpu, cores, others, failed = row
                print(
                    f"| {load} | {self.server} | {name} | {rate:,.0f} | {cpu:.1f} | "
                    f"{cores:.2f} | {others:.2f} | {failed:.0f} |"
                )
            if len(rows) == 2:
                theirs, ours = rows["java"], rows["ours"]
                print(
                    f"| {load} | {self.server} | **ours to java** | "
                    f"**{ours[0] / theirs[0]:.2f}x** | "
                    f"**{ours[1] / theirs[1]:.2f}x** | | | |"
                )

    def middle(self, load: str, name: str, figure: str) -> float:
        return statistics.median(each[figure] for each in self.results[load, name])


HEADINGS = "load", "broker", "client", "msg/s", "CPU µs/msg", "cores", "others' cores"
FIGURES = ("msgs_per_s", "cpu_us_per_msg", "cores", "others_cpu_cores", "failed")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Loads: " + "; ".join(f"{name}: {what}" for name, what in LOADS.items()),
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=60_000, help="messages a load")
    parser.add_argument("--window", type=int, default=256, help="in flight, or senders")
    parser.add_argument("--warm", type=float, default=20, help="seconds, each client")
    parser.add_argument("--loads", default=",".join(LOADS))
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--clients", default="java,ours")
    parser.add_argument("--no-pin", action="store_true", help="any cores for everybody")
    parser.add_argument("--out", default=str(HERE / "results" / "clients.jsonl"))
    options = parser.parse_args()
    Path(options.out).parent.mkdir(exist_ok=True)
    benches = []
    with open(options.out, "a") as out:
        for server in options.servers.split(","):
            bench = Bench(options, server, out)
            with tempfile.TemporaryDirectory(prefix="rmq-clients-") as home:
                bench.run(Path(home))
            benches.append(bench)
    print(f"| {' | '.join((*HEADINGS, 'failed'))} |")
    print("| --- " * 8 + "|")
    for bench in benches:
        bench.tell()
    print(f"\nload average now {os.getloadavg()[0]:.1f}; {time.strftime('%F %T')}")


if __name__ == "__main__":
    main()
