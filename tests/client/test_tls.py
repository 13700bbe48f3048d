import pytest
from zope.interface.verify import verifyObject

from twistedmq.client.tls import client_security
from twistedmq.remoting.errors import SecurityError
from twistedmq.remoting.interfaces import ITransportSecurity


def test_it_gives_what_the_settings_take() -> None:
    for verify in (True, False):
        security = client_security(verify=verify)
        assert verifyObject(ITransportSecurity, security)
        assert security.client_context("broker.example")
        assert security.client_context("192.0.2.1")


def test_nothing_can_listen_with_it() -> None:
    with pytest.raises(SecurityError, match="for clients"):
        client_security().server_context()


def test_files_that_cannot_be_used_are_named() -> None:
    with pytest.raises(SecurityError, match=r"cannot read /none/ca\.pem"):
        client_security(trust_path="/none/ca.pem")
    with pytest.raises(SecurityError, match="belong together"):
        client_security(certificate_path="/none/me.pem")
