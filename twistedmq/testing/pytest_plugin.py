"""Fixtures for pytest: a cluster for each test, in the test's own process.

Every run of pytest loads this where the package is installed, so it imports nothing
before a test asks for a fixture.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from twistedmq.client.consumer import Consumer
    from twistedmq.client.producer import Producer
    from twistedmq.testing.cluster import Cluster
    from twistedmq.testing.virtual_clock import VirtualClock

MARKER = (
    "rmq(brokers=1, topics=(), store='memory', settings=None, seed=0, ...): "
    "what the fixtures rmq_* make their cluster with; see twistedmq.testing.Cluster"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what can be set for all tests."""
    group = parser.getgroup("twistedmq", "clusters of the fixtures rmq_*")
    group.addoption("--rmq-seed", type=int, help="of all chance in a cluster")
    parser.addini("rmq_brokers", "how many brokers a cluster has")
    parser.addini("rmq_store", "memory, or file: files on a disk in memory")
    parser.addini("rmq_topics", "topics that are made at the start", type="args")
    parser.addini("rmq_settings", "of the brokers, KEY=VALUE", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    """Explain the marker."""
    config.addinivalue_line("markers", MARKER)


def cluster_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Give the arguments of the cluster: marker before option before ini file."""
    config = request.config
    options: dict[str, Any] = {}
    if brokers := config.getini("rmq_brokers"):
        options["brokers"] = int(brokers)
    if store := config.getini("rmq_store"):
        options["store"] = store
    options["topics"] = config.getini("rmq_topics")
    pairs = [line.partition("=") for line in config.getini("rmq_settings")]
    settings = {key.strip(): value.strip() for key, _, value in pairs}
    seed = config.getoption("--rmq-seed")
    if seed is not None:
        options["seed"] = seed
    for mark in reversed(list(request.node.iter_markers("rmq"))):
        settings |= mark.kwargs.get("settings") or {}
        options |= mark.kwargs
    return {**options, "settings": settings}


@pytest.fixture
def rmq_cluster(request: pytest.FixtureRequest) -> "Iterator[Cluster]":
    """A running cluster; the marker ``rmq`` says what it is made with."""
    from twistedmq.testing.cluster import Cluster  # noqa: PLC0415

    with Cluster(**cluster_options(request)) as cluster:
        yield cluster


@pytest.fixture
def rmq_clock(rmq_cluster: "Cluster") -> "VirtualClock":
    """The time of the cluster: ``advance``, ``jump``, ``now``."""
    return rmq_cluster.clock


@pytest.fixture
def rmq_producer(rmq_cluster: "Cluster") -> "Producer":
    """A producer that was started; the cluster closes it."""
    return rmq_cluster.run(rmq_cluster.producer().start())


@pytest.fixture
def rmq_consumer(rmq_cluster: "Cluster") -> "Callable[..., Consumer]":
    """Starts consumers: ``rmq_consumer("group", {"topic": "*"}, handler)``.

    Without a handler the consumer is started only, for ``async for``. The cluster
    closes it.
    """

    def start(
        group: str,
        subscriptions: dict[str, str],
        handler: Callable[..., Any] | None = None,
        **options: Any,
    ) -> "Consumer":
        consumer = rmq_cluster.consumer(group, subscriptions, **options)
        rmq_cluster.run(consumer.start())  # whose errors are the test's
        if handler is not None:
            consumer.run(handler)
        return consumer

    return start
