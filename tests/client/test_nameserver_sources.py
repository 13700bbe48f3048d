import pytest
from client_kit import result_of
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from twistedmq.client.errors import NoNameServerError
from twistedmq.client.interfaces import INameServerSource
from twistedmq.client.nameserver_sources import (
    HttpSource,
    LiteralSource,
    endpoint_url,
    open_source,
)

HOSTS = {"mq.example": ["192.0.2.1", "192.0.2.2"]}


def resolve(host: str) -> Deferred[list[str]]:
    return succeed(HOSTS[host]) if host in HOSTS else fail(OSError("unknown"))


def opened(
    given: object, environ: dict[str, str] | None = None, pages: object = None
) -> INameServerSource:
    def fetch(url: str) -> Deferred[bytes]:
        page = (pages or {}).get(url)  # type: ignore[attr-defined]
        return fail(OSError("refused")) if page is None else succeed(page)

    return open_source(
        given,  # type: ignore[arg-type]
        Clock(),
        environ or {},
        fetch=fetch,
        resolve=resolve,  # type: ignore[arg-type]
    )


def test_both_provide_the_interface() -> None:
    assert verifyObject(INameServerSource, opened("192.0.2.1:1"))
    assert verifyObject(INameServerSource, opened("http://mq.example/x"))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("192.0.2.1:9876", ["192.0.2.1:9876"]),
        ("192.0.2.1:1; 192.0.2.2:2;", ["192.0.2.1:1", "192.0.2.2:2"]),
        ("192.0.2.1:1,192.0.2.1:1", ["192.0.2.1:1"]),
        ("literal:192.0.2.1:1", ["192.0.2.1:1"]),
        (["192.0.2.1:1", "[::1]:2"], ["192.0.2.1:1", "[::1]:2"]),
        ("mq.example:9876", ["192.0.2.1:9876", "192.0.2.2:9876"]),
        ("gone.example:9876", ["gone.example:9876"]),
        (None, ["127.0.0.1:9876"]),
    ],
)
def test_addresses_are_found(given: object, wanted: list[str]) -> None:
    assert result_of(opened(given).addresses()) == wanted


def test_only_names_are_asked_for_again() -> None:
    assert opened("192.0.2.1:1").poll_s is None
    assert opened("mq.example:1").poll_s == 30.0


def test_the_environment_is_the_default() -> None:
    environ = {"NAMESRV_ADDR": "192.0.2.9:1", "OTHER": "192.0.2.8:1"}
    assert result_of(opened(None, environ).addresses()) == ["192.0.2.9:1"]
    assert result_of(opened("env:OTHER", environ).addresses()) == ["192.0.2.8:1"]
    with pytest.raises(NoNameServerError, match="NOBODY is not set"):
        opened("env:NOBODY", environ)


def test_a_source_is_taken_as_it_is() -> None:
    source = opened("192.0.2.1:1")
    assert opened(source) is source


@pytest.mark.parametrize("bad", ["", ";", "host", "host:port", "host:70000", ":1"])
def test_a_malformed_list_is_refused(bad: str) -> None:
    with pytest.raises(NoNameServerError):
        LiteralSource(bad, resolve)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given", ["http:mq.example", "http://mq.example", "http://mq.example:8080/"]
)
def test_a_domain_is_asked_as_genuine_clients_do(given: str) -> None:
    pages = {"http://mq.example:8080/rocketmq/nsaddr": b"192.0.2.1:1;192.0.2.2:2\r\nx"}
    source = opened(given, pages=pages)
    assert result_of(source.addresses()) == ["192.0.2.1:1", "192.0.2.2:2"]


def test_a_whole_url_is_asked_as_it_is() -> None:
    pages = {"http://a:1/list": b"192.0.2.1:1"}
    assert result_of(opened("http://a:1/list", pages=pages).addresses())


def test_an_empty_page_is_an_error() -> None:
    source = opened("http://a:1/list", pages={"http://a:1/list": b"\n"})
    with pytest.raises(NoNameServerError, match="empty page"):
        result_of(source.addresses())


def test_a_page_that_cannot_be_had_is_an_error() -> None:
    source = opened("http://a:1/list")
    assert isinstance(source, HttpSource)
    with pytest.raises(NoNameServerError, match="refused"):
        result_of(source.addresses())


def test_urls_follow_the_genuine_rules() -> None:
    assert endpoint_url("d") == "http://d:8080/rocketmq/nsaddr"
    assert endpoint_url("d:80") == "http://d:80/rocketmq/nsaddr"
    assert endpoint_url("d", "x", "u") == "http://d:8080/rocketmq/x-u?nofix=1"
