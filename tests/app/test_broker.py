import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock

from twistedmq.app import broker
from twistedmq.app.pipeline import PipelineService
from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.settings import LiveSettings
from twistedmq.config.tables import broker_keys
from twistedmq.remoting.errors import PortInUseError


class Reactor(MemoryReactorClock):
    def __init__(self) -> None:
        super().__init__()
        self.nameResolver = None


@pytest.fixture
def port() -> int:
    """A port that is free, and the one two below it."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            free = one.getsockname()[1]
            try:
                other.bind(("127.0.0.1", free - 2))
            except OSError:
                continue
            return free


def make(
    tmp_path: Path, port: int, undo: ExitStack, store: str = "memory"
) -> broker.BrokerServer:
    texts = [
        f"storePathRootDir={tmp_path}/store",
        "bindAddress=127.0.0.1",
        f"listenPort={port}",
        "brokerName=a",
        "namesrvAddr=10.0.0.1:9876",
    ]
    options = map(from_option, texts)
    settings = LiveSettings(load_settings(broker_keys(), options=options))
    return broker.BrokerServer(Reactor(), settings, None, undo, store)


def test_it_says_where_it_is_and_what_a_sent_message_is(
    tmp_path: Path, port: int
) -> None:
    with ExitStack() as undo:
        lines = dict(make(tmp_path, port, undo).lines())
    assert lines["broker"].startswith(f"127.0.0.1:{port} (a in DefaultCluster)")
    assert lines["registers with"] == "10.0.0.1:9876"
    assert "survives nothing" in lines["a sent message is"]


def test_the_store_starts_first_and_the_registration_last(
    tmp_path: Path, port: int
) -> None:
    with ExitStack() as undo:
        tree = PipelineService(Reactor(), pytest.fail)
        make(tmp_path, port, undo).add_to(tree)
    order = [service.name for service in tree]
    wanted = ["store", "tables", "consumer offsets", "main port", "registration"]
    assert [name for name in order if name in wanted] == wanted


def test_a_busy_port_opens_no_store(tmp_path: Path, port: int) -> None:
    with ExitStack() as undo, socket.socket() as holder:
        holder.bind(("127.0.0.1", port - 2))
        holder.listen()
        with pytest.raises(PortInUseError):
            make(tmp_path, port, undo, "file")
    assert not (tmp_path / "store").exists()


def test_changes_are_kept_below_the_store(tmp_path: Path) -> None:
    options = [from_option(f"storePathRootDir={tmp_path}")]
    settings = load_settings(broker_keys(), options=options)
    kept = broker.kept_changes(settings)
    assert kept == tmp_path / "config" / "broker.properties"
