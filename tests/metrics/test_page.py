from collections.abc import Callable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, execute
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from twistedmq.metrics.page import PATH, MetricsPage
from twistedmq.metrics.registry import MetricsRegistry
from twistedmq.metrics.samples import gauge
from twistedmq.remoting.web_site import WebPages, make_site

LAG = gauge("lag", "Lag")


def page(in_thread: Callable[..., Any] = execute) -> MetricsPage:
    made = MetricsPage(in_thread)
    for node in ("broker", "nameserver"):
        registry = MetricsRegistry(Clock(), lambda node=node: {"node_type": node})
        registry.add([lambda: [LAG.of(3)]])
        made.registries.append(registry)
    return made


class Client:
    """A web client of a page."""

    def __init__(self, asked: MetricsPage) -> None:
        pages = WebPages()
        pages.put(PATH, asked)
        clock: Any = Clock()
        self.site = make_site(pages, clock)
        self.site.startFactory()
        self.protocol = self.site.buildProtocol(IPv4Address("TCP", "10.0.0.7", 4711))
        self.transport = StringTransport(IPv4Address("TCP", "10.0.0.1", 8080))
        self.protocol.makeConnection(self.transport)

    def ask(self, method: str = "GET") -> "Client":
        text = f"{method} /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        self.protocol.dataReceived(text.encode())
        return self

    def answer(self) -> tuple[bytes, bytes]:
        head, _, body = self.transport.value().partition(b"\r\n\r\n")
        return head, body

    def close(self) -> None:
        self.site.stopFactory()
        self.protocol.connectionLost(Failure(ConnectionDone()))


def test_the_figures_of_all_servers_of_the_process_are_there() -> None:
    client = Client(page()).ask()
    head, body = client.answer()
    client.close()
    assert head.startswith(b"HTTP/1.1 200 ")
    (read,) = text_string_to_metric_families(body.decode())
    assert {s.labels["node_type"] for s in read.samples} == {"broker", "nameserver"}


def test_the_head_alone_can_be_asked_for() -> None:
    client = Client(page()).ask("HEAD")
    head, body = client.answer()
    client.close()
    assert b"content-length" in head.lower()
    assert not body


def test_nothing_can_be_sent_there() -> None:
    client = Client(page()).ask("POST")
    head, _ = client.answer()
    client.close()
    assert head.startswith(b"HTTP/1.1 405 ")


def test_who_asks_meanwhile_is_given_the_same_text() -> None:
    waiting: list[tuple[Deferred[Any], Any, Any]] = []

    def in_thread(function: Any, *args: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        waiting.append((done, function, args))
        return done

    asked = page(in_thread)
    clients = [Client(asked).ask() for _ in range(3)]
    assert len(waiting) == 1
    clients[1].close()  # did not want to wait
    done, function, args = waiting.pop()
    done.callback(function(*args))
    answers = [client.answer()[1] for client in clients]
    assert answers[0] == answers[2] != b""
    assert answers[1] == b""
    last = Client(asked).ask()
    assert len(waiting) == 1
    for client in (clients[0], clients[2], last):
        client.close()
