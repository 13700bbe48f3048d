from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from twisted.internet.defer import execute
from twisted.internet.task import Clock

from twistedmq.app.metrics_port import MetricsPort
from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.settings import ConfigError, Settings
from twistedmq.config.tables import broker_keys
from twistedmq.metrics.page import MetricsPage
from twistedmq.metrics.registry import MetricsRegistry
from twistedmq.remoting.errors import PortInUseError
from twistedmq.remoting.web_ports import WebPorts

WORKERS = SimpleNamespace(run=execute, stop=lambda: None)


def settings(*texts: str) -> Settings:
    return load_settings(broker_keys(), options=map(from_option, texts))


def port(undo: ExitStack, ports: WebPorts, *texts: str) -> MetricsPort:
    registry = MetricsRegistry(Clock(), dict)
    found = settings(*texts)
    return MetricsPort(found, "127.0.0.1", ports, WORKERS, registry, undo)


def test_there_is_no_page_unless_it_is_wanted() -> None:
    with ExitStack() as undo:
        none = port(undo, WebPorts(None))
    assert none.new is None
    assert not none.address


def test_two_servers_share_a_page() -> None:
    ports = WebPorts(None)
    on = ("metricsExporterType=PROM", "metricsPromExporterPort=0")
    with ExitStack() as undo:
        first, second = port(undo, ports, *on), port(undo, ports, *on)
        assert first.new is not None
        assert second.new is None
        assert first.address == second.address
        assert (first.is_shared, second.is_shared) == (False, True)
        page = first.new.pages.page(b"/metrics")
        assert isinstance(page, MetricsPage)
        assert len(page.registries) == 2


def test_a_port_that_was_asked_for_must_be_free() -> None:
    with ExitStack() as undo:
        on = ("metricsExporterType=PROM", "metricsPromExporterPort=0")
        taken = port(undo, WebPorts(None), *on).address.partition(":")[2]
        with pytest.raises(PortInUseError):
            port(undo, WebPorts(None), on[0], f"metricsPromExporterPort={taken}")


@pytest.mark.parametrize("exporter", ["LOG", "OTLP_GRPC"])
def test_exporters_that_are_not_built_are_refused(exporter: str) -> None:
    with pytest.raises(ConfigError, match="only DISABLE and PROM"):
        settings(f"metricsExporterType={exporter}")


@pytest.mark.parametrize("label", ["a", "1a:b", "a-b:c", ":c"])
def test_a_label_that_is_none_is_refused(label: str) -> None:
    with pytest.raises(ConfigError, match="metricsLabel"):
        settings(f"metricsLabel={label}")
