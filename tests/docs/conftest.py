from collections.abc import Iterator
from typing import Any

import pytest
from client_kit import FakeCluster
from msgspec.structs import replace
from twisted.internet.task import Clock

from twistedmq.client.session import ClientSettings, Session
from twistedmq.testing import Cluster


@pytest.fixture
def every_client(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """A cluster in memory that all clients reach, whatever name servers they name."""
    cluster = FakeCluster(Clock())
    opened: Any = Session.__init__

    def open_in_memory(self: Session, settings: ClientSettings) -> None:
        here: ClientSettings = cluster.settings()
        opened(self, replace(here, instance_name=settings.instance_name))

    monkeypatch.setattr(Session, "__init__", open_in_memory)
    return cluster


@pytest.fixture
def whole_cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster in this process, and all clients are its own."""
    opened: Any = Session.__init__

    def open_here(self: Session, settings: ClientSettings) -> None:
        opened(self, settings if settings.reactor else cluster.settings())

    monkeypatch.setattr(Session, "__init__", open_here)
    topics = ("prices", "alarms", "chat", "orders")
    with Cluster(topics=topics, settings={"enableMultiDispatch": "true"}) as cluster:
        yield cluster
