"""Where the page of figures is, by the settings of a server."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from twistedmq.app.serving import is_told
from twistedmq.config.metrics import PROMETHEUS, MetricsConfig
from twistedmq.config.settings import Settings
from twistedmq.metrics.registry import MetricsRegistry
from twistedmq.protocol.addresses import format_address
from twistedmq.remoting.errors import PortInUseError
from twistedmq.remoting.web_ports import WebPorts
from twistedmq.store.workers import Workers

if TYPE_CHECKING:
    from twistedmq.remoting.web_site import WebPort

PORT_KEY: Final = "metricsPromExporterPort"


class MetricsPort:
    """The page of one server's figures: on a port of its own, or one that it shares.

    Attributes:
        new: the port, if nobody else runs it.
        address: HOST:PORT of the page, "" without one.
        is_shared: whether another server put the page there.
    """

    def __init__(
        self,
        settings: Settings,
        host: str,
        ports: WebPorts,
        workers: Workers,
        registry: MetricsRegistry,
        undo: ExitStack,
    ) -> None:
        """Bind the port if the settings want the page; *host* unless they name one.

        Raises: PortInUseError, unless the port is only a default.
        """
        self.new: WebPort | None = None
        self.address = ""
        self.is_shared = True
        config = settings[MetricsConfig]
        if config.exporter != PROMETHEUS:
            return
        try:
            port, is_new = ports.bound(config.host or host, config.port)
        except PortInUseError:
            if is_told(settings, PORT_KEY) or is_told(settings, "metricsExporterType"):
                raise
            return
        if is_new:
            self.new = port
            undo.callback(port.unbind)
        self.address = format_address(port.host, port.port)
        # twisted.web is heavy, and most servers have no page.
        from twistedmq.metrics.page import PATH, MetricsPage  # noqa: PLC0415

        page = port.pages.page(PATH)
        if not isinstance(page, MetricsPage):
            self.is_shared = False
            page = MetricsPage(workers.run)
            port.pages.put(PATH, page)
        page.registries.append(registry)
