from pathlib import Path

import pytest

from twistedmq.client.client_file import ClientConfigError
from twistedmq.client.config_file import load_settings
from twistedmq.client.session import ClientSettings
from twistedmq.protocol.signing import Credentials
from twistedmq.remoting.errors import SecurityError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "client.conf"


def test_what_a_file_tells_becomes_settings(file: Path) -> None:
    file.write_text(
        "# the cluster\n"
        "rocketmq.namesrv.addr = 192.0.2.1:9876\n"
        "rocketmq.client.name = one\n"
        "unitName = eu\n"
    )
    assert load_settings(str(file)) == ClientSettings(
        nameservers=f"file:{file}", instance_name="one", unit_name="eu"
    )


def test_what_it_does_not_tell_stays_as_it_is(file: Path) -> None:
    file.write_text("")
    assert load_settings(file) == ClientSettings()


def test_access_keys_come_together(file: Path) -> None:
    file.write_text("accessKey=alice\nsecretKey=secret\nsecurityToken=t")
    assert load_settings(file).credentials == Credentials("alice", "secret", "t")
    for alone in ("accessKey=alice", "secretKey=secret", "securityToken=t"):
        file.write_text(alone)
        with pytest.raises(ClientConfigError, match="belong together"):
            load_settings(file)


def test_tls_is_on_where_it_is_asked_for(file: Path) -> None:
    file.write_text("tls.enable=true\ntls.client.authServer=false")
    assert load_settings(file).security is not None
    file.write_text("tls.enable=false\ntls.client.trustCertPath=/none.pem")
    assert load_settings(file).security is None
    file.write_text("tls.enable=true\ntls.client.trustCertPath=/none.pem")
    with pytest.raises(SecurityError, match=r"cannot read /none\.pem"):
        load_settings(file)
