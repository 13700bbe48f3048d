from typing import Any

import pytest

from twistedmq.config.keys_shared import check_tls, listen_keys
from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.settings import ConfigError
from twistedmq.config.tables import broker_keys, namesrv_keys

GOOD = {
    "tls.server.mode": "enforcing",
    "tls.server.certPath": "c.pem",
    "tls.server.keyPath": "k.pem",
    "tls.test.mode.enable": False,
    "tls.client.certPath": "",
    "tls.client.keyPath": "",
}


def told(**changes: Any) -> str | None:
    values = GOOD | {name.replace("_", "."): value for name, value in changes.items()}
    return check_tls(values.__getitem__)


def test_certificate_and_key_are_good() -> None:
    assert told() is None


@pytest.mark.parametrize(
    "one",
    [
        {"tls_server_certPath": ""},
        {"tls_server_keyPath": ""},
        {"tls_client_certPath": "c.pem"},
        {"tls_client_keyPath": "k.pem"},
    ],
)
def test_one_without_the_other_is_not(one: dict[str, str]) -> None:
    assert "together" in str(told(**one))


def test_nothing_will_do_in_test_mode_or_without_tls() -> None:
    none = {"tls_server_certPath": "", "tls_server_keyPath": ""}
    assert told(**none, tls_test_mode_enable=True) is None
    assert told(**none, tls_server_mode="disabled") is None
    assert "asks for" in str(told(**none))


def test_each_server_has_its_usual_port() -> None:
    ports = [key for key in listen_keys(9876) if key.name == "listenPort"]
    assert [key.default_value() for key in ports] == [9876]


@pytest.mark.parametrize("port", ["0", "2", "65536"])
def test_a_broker_needs_room_for_its_fast_port(port: str) -> None:
    with pytest.raises(ConfigError, match="a whole number from 3 to 65535"):
        load_settings(broker_keys(), options=[from_option(f"listenPort={port}")])


def test_a_name_server_may_have_any_free_port() -> None:
    load_settings(namesrv_keys(), options=[from_option("listenPort=0")])
