from pathlib import Path
from typing import Any

import pytest
from client_kit import result_of
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
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
    given: object,
    environ: dict[str, str] | None = None,
    pages: object = None,
    unit: str = "",
) -> INameServerSource:
    def fetch(url: str) -> Deferred[bytes]:
        page = (pages or {}).get(url)  # type: ignore[attr-defined]
        return fail(OSError("refused")) if page is None else succeed(page)

    return open_source(
        given,  # type: ignore[arg-type]
        Clock(),
        environ or {},
        unit=unit,
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
    assert opened("http:mq.example").poll_s == 120.0


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


def test_a_unit_and_a_subgroup_have_pages_of_their_own() -> None:
    pages = {
        "http://mq.example:8080/rocketmq/blue-eu?nofix=1": b"192.0.2.1:1",
        "http://mq.example:80/rocketmq/nsaddr-eu?nofix=1": b"192.0.2.2:1",
        "http://mq.example/list-eu?nofix=1": b"192.0.2.3:1",
        "http://mq.example:8080/rocketmq/blue": b"192.0.2.4:1",
    }

    def found(given: str, unit: str = "eu") -> list[str]:
        addresses: list[str] = result_of(
            opened(given, pages=pages, unit=unit).addresses()
        )
        return addresses

    assert found("http:mq.example/blue") == ["192.0.2.1:1"]
    assert found("http://mq.example:80") == ["192.0.2.2:1"]
    assert found("http://mq.example/list") == ["192.0.2.3:1"]
    assert found("http:mq.example/blue", unit="") == ["192.0.2.4:1"]


def test_a_file_is_read_again_and_may_change_its_mind(tmp_path: Path) -> None:
    file = tmp_path / "client.conf"
    file.write_text("rocketmq.namesrv.addr=192.0.2.1:1;192.0.2.2:1")
    pages = {
        "http://mq.example:8080/rocketmq/nsaddr": b"192.0.2.3:1",
        "http://mq.example:8080/rocketmq/blue": b"192.0.2.4:1",
    }
    source = opened(f"file:{file}", pages=pages)
    assert verifyObject(INameServerSource, source)
    assert source.poll_s == 30.0
    assert result_of(source.addresses()) == ["192.0.2.1:1", "192.0.2.2:1"]
    assert result_of(source.addresses()) == ["192.0.2.1:1", "192.0.2.2:1"]
    file.write_text("rocketmq.namesrv.domain = mq.example")
    assert result_of(source.addresses()) == ["192.0.2.3:1"]
    file.write_text(
        "rocketmq.namesrv.domain = mq.example\nrocketmq.namesrv.domain.subgroup=blue"
    )
    assert result_of(source.addresses()) == ["192.0.2.4:1"]


def test_a_file_that_goes_bad_is_an_error_each_time(tmp_path: Path) -> None:
    file = tmp_path / "client.conf"
    file.write_text("rocketmq.namesrv.addr=192.0.2.1:1")
    source = opened(f"file:{file}")
    for text, problem in [
        ("", "names no name servers"),
        ("rocketmq.namesrv.addr=nonsense", "name server 'nonsense'"),
    ]:
        file.write_text(text)
        with pytest.raises(NoNameServerError, match=problem):
            result_of(source.addresses())
        with pytest.raises(NoNameServerError, match=problem):
            opened(f"file:{file}")
    file.unlink()
    with pytest.raises(NoNameServerError, match="cannot be read"):
        result_of(source.addresses())


@pytest.mark.parametrize("given", ["mq.example:9876", "http://mq.example/x"])
def test_a_look_up_can_be_cancelled(given: str) -> None:
    def never(_name: str) -> Deferred[Any]:
        return Deferred()

    source = open_source(given, Clock(), {}, fetch=never, resolve=never)
    looking = source.addresses()
    looking.cancel()
    with pytest.raises(CancelledError):
        result_of(looking)


@pytest.mark.parametrize("given", ["https://mq.example", "https://mq.example:8443/"])
def test_who_wants_tls_is_not_sent_elsewhere(given: str) -> None:
    page = given.rstrip("/") + "/rocketmq/nsaddr"
    source = opened(given, pages={page: b"192.0.2.1:1"})
    assert result_of(source.addresses()) == ["192.0.2.1:1"]
