from contextlib import ExitStack
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock

from twistedmq.app import namesrv
from twistedmq.app.pipeline import PipelineService
from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.settings import LiveSettings
from twistedmq.config.tables import namesrv_keys
from twistedmq.remoting.errors import PortInUseError


class Reactor(MemoryReactorClock):
    """Adopts sockets by closing its eyes."""

    def adoptStreamPort(self, fd, family, factory):
        return self.listenTCP(0, factory)


def make(tmp_path: Path, undo: ExitStack, *texts: str) -> namesrv.NamesrvServer:
    options = [
        from_option(f"kvConfigPath={tmp_path}/kv.json"),
        from_option("bindAddress=127.0.0.1"),
        from_option("listenPort=0"),
        *map(from_option, texts),
    ]
    settings = LiveSettings(load_settings(namesrv_keys(), options=options))
    return namesrv.NamesrvServer(Reactor(), settings, None, undo)


def names(server: namesrv.NamesrvServer) -> list[str]:
    tree = PipelineService(Reactor(), pytest.fail)
    server.add_to(tree)
    return [service.name for service in tree]


def test_it_listens_when_made_and_says_where(tmp_path: Path) -> None:
    with ExitStack() as undo:
        server = make(tmp_path, undo)
        assert server.port > 0
        assert server.lines() == [("name server", f"127.0.0.1:{server.port}")]


def test_readiness_comes_last_and_so_stops_first(tmp_path: Path) -> None:
    with ExitStack() as undo:
        order = names(make(tmp_path, undo))
    assert order[-1] == "name server readiness"
    assert order.index("name server") < order.index("name server port")


def test_a_port_of_the_list_that_was_asked_for_must_be_free(tmp_path: Path) -> None:
    with ExitStack() as undo:
        taken = make(tmp_path, undo).port
        with pytest.raises(PortInUseError):
            make(tmp_path, undo, f"nsaddrPort={taken}")


def test_changes_are_kept_where_the_settings_say(tmp_path: Path) -> None:
    options = [from_option(f"configStorePath={tmp_path}/x.properties")]
    settings = load_settings(namesrv_keys(), options=options)
    assert namesrv.kept_changes(settings) == tmp_path / "x.properties"
