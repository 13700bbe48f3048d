import pytest
from client_kit import FakeCluster
from twisted.internet.task import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cluster(clock: Clock) -> FakeCluster:
    return FakeCluster(clock)
