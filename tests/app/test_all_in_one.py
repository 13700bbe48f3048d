import pytest

from twistedmq.app import all_in_one
from twistedmq.app.options import read_settings
from twistedmq.config.broker import RegistrationConfig
from twistedmq.config.metrics import MetricsConfig
from twistedmq.config.namesrv import AddressListConfig
from twistedmq.config.remoting import RemotingConfig

OWN = "127.0.0.1:9876"


def read(*arguments: str, environ: dict[str, str] | None = None):
    options = all_in_one.Options()
    options.parseOptions(list(arguments))
    wanted = [all_in_one.BROKER, all_in_one.NAMESRV]
    return all_in_one.joined(*read_settings(options, wanted, environ or {}))


def test_without_configuration_everything_is_on_this_machine() -> None:
    broker, namesrv = read()
    assert broker[RemotingConfig].listen_host == "127.0.0.1"
    assert namesrv[RemotingConfig].listen_host == "127.0.0.1"
    assert namesrv[AddressListConfig].http_port == 8080
    assert broker[RegistrationConfig].name_servers == (OWN,)


@pytest.mark.parametrize(
    ("listed", "listen_host", "expected"),
    [
        ((), "127.0.0.1", (9876, (OWN,))),
        ((), "0.0.0.0", (9876, (OWN,))),
        ((), "::", (9876, (OWN,))),
        ((), "10.0.0.5", (9876, ("10.0.0.5:9876",))),
        (("127.0.0.1:5",), "127.0.0.1", (5, ("127.0.0.1:5",))),
        (("10.0.0.9:1",), "127.0.0.1", (9876, (OWN, "10.0.0.9:1"))),
        (("h:1", "localhost:7"), "127.0.0.1", (7, ("h:1", "localhost:7"))),
    ],
)
def test_our_name_server_is_among_those_the_broker_registers_with(
    listed: tuple[str, ...], listen_host: str, expected: object
) -> None:
    assert all_in_one.own_name_server(listed, listen_host) == expected


def test_the_port_of_the_name_server_comes_with_n() -> None:
    broker, namesrv = read("-n", "127.0.0.1:7000", "--set", "listenPort=7010")
    assert namesrv[RemotingConfig].listen_port == 7000
    assert broker[RemotingConfig].listen_port == 7010


def test_name_servers_in_the_environment_are_others() -> None:
    broker, namesrv = read(environ={"NAMESRV_ADDR": "10.0.0.9:1"})
    assert broker[RegistrationConfig].name_servers == (OWN, "10.0.0.9:1")
    assert namesrv[RemotingConfig].listen_port == 9876


def ports(*arguments: str) -> list[int]:
    broker, namesrv = read(*arguments)
    found = [settings[MetricsConfig] for settings in (broker, namesrv)]
    assert {each.exporter for each in found} == {"PROM"}
    return [each.port for each in found]


def test_figures_are_beside_the_list_of_name_servers() -> None:
    assert ports() == [8080, 8080]
    assert ports("--set", "nsaddrPort=8081") == [8081, 8081]
    assert ports("--set", "nsaddrPort=0") == [8080, 8080]
    told = ("--set", "metricsPromExporterPort=5557")
    assert ports(*told, "--set", "nsaddrPort=8081") == [5557, 5557]
