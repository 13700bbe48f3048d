from dataclasses import replace

import pytest
from twisted.logger import globalLogPublisher

from twistedmq.config.remoting import RemotingConfig
from twistedmq.remoting.errors import SecurityError
from twistedmq.remoting.security import open_security

CONFIG = RemotingConfig()


def test_disabled_means_none():
    assert open_security(replace(CONFIG, tls_mode="disabled")) is None


def test_a_client_may_use_tls_where_the_server_does_not():
    security = open_security(replace(CONFIG, tls_mode="disabled", client_tls=True))
    assert security is not None
    assert security.mode == "disabled"


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
    [{"tls_mode": "enforcing"}, {"client_tls": True}, {"tls_certificate_path": "x"}],
)
def test_what_was_asked_for_may_not(asking):
    with pytest.raises(SecurityError, match="quantum"):
        open_security(replace(CONFIG, **asking), "quantum")
