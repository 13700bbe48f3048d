"""The commands as a user meets them: what they print, how they end, what they leave."""

import os
import signal
import socket
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from load import Sender, problems, read_topic
from processes import OurBroker, ask, free_ports, twist

GET_ROUTE = 105
IDLE_MIB = 60


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def refused(*arguments: str | Path) -> str:
    """Run a command that must be refused; gives its one line."""
    done = twist(*arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert all(line for line in lines)
    return done.stderr


def all_in_one(data: Path, *more: str) -> list[str]:
    fast, namesrv, port, http = free_ports(4)
    assert fast == port - 2
    return [
        *("rmq", "-n", f"127.0.0.1:{namesrv}", "--data", str(data)),
        *("--set", f"listenPort={port}", "--set", f"nsaddrPort={http}"),
        *more,
    ]


@pytest.mark.parametrize("store", ["file", "memory", "sqlite"])
def test_one_command_serves_and_stops_cleanly(data: Path, store: str) -> None:
    broker = OurBroker(data, store=store)
    with broker:
        if sys.platform == "linux":
            assert broker.anonymous_mib() < IDLE_MIB
        assert broker.namesrv in broker.output
        assert broker.address in broker.output
        sender = Sender(broker.address, "Orders", count=500)
        sender.start()
        sender.join()
        assert problems(sender.acked, read_topic(broker.address, "Orders")) == []
        code, *_ = ask(broker.namesrv, GET_ROUTE, {"topic": "Orders"})
        assert code == 0
        url = f"http://127.0.0.1:{broker.http_port}/rocketmq/nsaddr"
        with urlopen(url, timeout=5) as page:
            assert page.read().decode() == broker.namesrv
        assert broker.stop() in (0, -signal.SIGTERM)
        assert "Traceback" not in broker.output
        assert "critical" not in broker.output
    assert not (data / "store" / "abort").exists()


def test_messages_are_there_after_a_restart(data: Path) -> None:
    broker = OurBroker(data)
    with broker:
        first = Sender(broker.address, "Orders", count=500)
        first.start()
        first.join()
        broker.stop()
        broker.start()
        second = Sender(broker.address, "Orders", first=500, count=500)
        second.start()
        second.join()
        assert not set(first.acked) & set(second.acked)
        acked = first.acked | second.acked
        assert problems(acked, read_topic(broker.address, "Orders")) == []


def test_a_port_in_use_is_one_line(data: Path) -> None:
    arguments = all_in_one(data)
    port = int(arguments[arguments.index("--set") + 1].partition("=")[2])
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        line = refused(*arguments)
    assert str(port) in line
    assert len(line.splitlines()) == 1
    assert not (data / "store" / "commitlog").exists()


def test_wrong_settings_are_told_all_at_once(data: Path, tmp_path: Path) -> None:
    conf = tmp_path / "broker.conf"
    conf.write_text("flushDiskType=NEVER\nbrokerNane=x\n")
    text = refused("rmq-broker", "-c", conf, "--set", "listenPort=high")
    assert f"{conf}:1" in text
    assert "SYNC_FLUSH" in text
    assert "brokerName" in text
    assert "listenPort" in text
    assert not data.exists()


def test_wrong_usage_has_status_2() -> None:
    assert twist("rmq", "--nonsense").returncode == 2


def test_a_store_in_use_is_refused(data: Path) -> None:
    with OurBroker(data):
        line = refused(*all_in_one(data))
    assert str(data / "store") in line
    assert len(line.splitlines()) == 1


def test_a_directory_that_cannot_be_written_is_refused(data: Path) -> None:
    data.mkdir()
    data.chmod(0o500)
    if os.access(data, os.W_OK):  # root may write anywhere but in the kernel's tree
        data = Path("/sys/twistedmq")
    assert str(data) in refused(*all_in_one(data))


def test_a_file_in_the_place_of_the_directory_is_refused(data: Path) -> None:
    data.write_text("mine")
    assert str(data) in refused(*all_in_one(data))
    assert data.read_text() == "mine"


def test_a_foreign_directory_is_refused_and_left_alone(data: Path) -> None:
    log = data / "store" / "commitlog"
    log.mkdir(parents=True)
    holiday = log / "00000000000000000000"
    holiday.write_bytes(b"\x89PNG not a commit log" * 100)
    before = holiday.read_bytes()
    assert str(data / "store") in refused(*all_in_one(data))
    assert holiday.read_bytes() == before
    assert [p.name for p in log.iterdir()] == [holiday.name]


def test_settings_are_printed() -> None:
    done = twist("rmq-broker", "-p")
    assert done.returncode == 0
    assert "listenPort=10911" in done.stdout
    important = twist("rmq-namesrv", "-m").stdout
    assert "listenPort=9876" in important
    assert len(important) < len(done.stdout)


def test_the_commands_are_listed() -> None:
    listing = twist("--help").stdout
    for command in ("rmq", "rmq-broker", "rmq-namesrv"):
        assert f" {command} " in listing


def test_the_log_goes_where_it_is_told(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "logs" / "broker.log"
    settings = {"logFile": str(path), "brokerIP1": "127.0.0.9"}
    broker = OurBroker(data, store="memory", settings=settings)
    with broker:
        assert "boot success" in broker.output
        assert "registered with name server" not in broker.output
        assert "registered with name server" in path.read_text()
    # nobody listens there: it was dialled when the broker was ready, and refused
    assert "set brokerIP1" in path.read_text()
