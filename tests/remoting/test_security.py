from dataclasses import replace

import pytest
from twisted.logger import globalLogPublisher

from twistedmq.config.remoting import RemotingConfig
from twistedmq.remoting.errors import SecurityError
from twistedmq.remoting.security import open_client_security, open_security

CONFIG = RemotingConfig()


def test_disabled_means_none():
    assert open_security(replace(CONFIG, tls_mode="disabled")) is None


@pytest.mark.parametrize(
    ("mode", "asked_for", "expected"),
    [
        ("disabled", None, False),
        ("disabled", True, True),
        ("permissive", None, False),
        ("permissive", True, True),
        ("enforcing", None, True),
        ("enforcing", False, False),
    ],
)
def test_own_connections_use_tls_where_asked_for_or_enforced(mode, asked_for, expected):
    config = replace(CONFIG, tls_mode=mode, client_tls=asked_for)
    assert (open_client_security(config) is not None) == expected


def test_own_connections_need_files_that_can_be_read():
    config = replace(CONFIG, client_tls=True, client_trust_path="/no.pem")
    with pytest.raises(SecurityError, match=r"/no\.pem"):
        open_client_security(config)
    with pytest.raises(SecurityError, match="quantum"):
        open_client_security(replace(CONFIG, client_tls=True), "quantum")


@pytest.mark.parametrize("mode", ["permissive", "enforcing"])
def test_the_plugin_is_found(mode):
    security = open_security(replace(CONFIG, tls_mode=mode))
    assert security is not None
    assert security.mode == mode


def test_an_unknown_mode_is_refused():
    with pytest.raises(SecurityError, match="permissive"):
        open_security(replace(CONFIG, tls_mode="sometimes"))


def test_what_nobody_asked_for_may_be_missing():
    lines = []
    globalLogPublisher.addObserver(lines.append)
    assert open_security(CONFIG, "quantum") is None
    globalLogPublisher.removeObserver(lines.append)
    assert any("quantum" in e.get("reason", "") for e in lines)


@pytest.mark.parametrize(
    "asking",
    [{"tls_mode": "enforcing"}, {"tls_certificate_path": "x"}],
)
def test_what_was_asked_for_may_not(asking):
    with pytest.raises(SecurityError, match="quantum"):
        open_security(replace(CONFIG, **asking), "quantum")
