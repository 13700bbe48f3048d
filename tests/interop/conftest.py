"""Fixtures for tests against genuine programs, which ``make interop`` selects."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import peer
import pytest
import pytest_twisted
from client_scenarios import Cluster, Running
from processes import OurBroker
from twisted.internet.defer import Deferred

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("interop")


class Genuine(NamedTuple):
    """A genuine name server and broker."""

    name_server: peer.NameServer
    broker: peer.Broker
    metrics_port: int

    @property
    def namesrv(self) -> str:
        return self.name_server.address

    @property
    def address(self) -> str:
        return self.broker.address


@pytest.fixture(scope="session")
def genuine() -> Iterator[Genuine]:
    port = peer.free_port()
    shown = {
        "metricsExporterType": "PROM",
        "metricsPromExporterHost": "127.0.0.1",
        "metricsPromExporterPort": str(port),
    }
    with (
        peer.NameServer() as name_server,
        peer.Broker(name_server, config={**peer.SCENARIO, **shown}) as broker,
    ):
        yield Genuine(name_server, broker, port)


@pytest.fixture(scope="session")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OurBroker]:
    config = tmp_path_factory.mktemp("ours") / "broker.conf"  # changes are kept there
    shutil.copy(peer.HERE / "scenario.conf", config)
    with OurBroker(config=config) as broker:
        yield broker


@pytest.fixture(scope="session", params=["genuine", "ours"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    server = request.getfixturevalue(request.param)
    return Cluster(server.namesrv, server.address)


@pytest.fixture
def running() -> Iterator[Running]:
    all_running = Running()
    yield all_running
    pytest_twisted.blockon(Deferred.fromCoroutine(all_running.close()))
