"""All web ports of a process: servers share one where their settings name the same."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twistedmq.remoting.web_site import WebPort


class WebPorts:
    """Keeps the ports that were asked for, so that who wants one of them shares it."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._ports: dict[tuple[str, int], WebPort] = {}

    def bound(self, host: str, port: int) -> "tuple[WebPort, bool]":
        """Give the port, bound, and whether it is new: then the caller runs it.

        Raises: PortInUseError.
        """
        # twisted.web is heavy, and most servers have no page.
        from twistedmq.remoting.web_site import WebPort  # noqa: PLC0415

        found = self._ports.get((host, port))
        if found is not None:
            return found, False
        made = WebPort(self._reactor, host, port)
        made.bind()
        self._ports[host, port] = made
        return made, True
