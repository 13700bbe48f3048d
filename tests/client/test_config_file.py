from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.client.config_file import (
    KEYS,
    ClientConfigError,
    load_settings,
    read_client_file,
)
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


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("\nnamesrv=a:1", 2, "unknown key 'namesrv'; known: rocketmq"),
        ("unitName=a\nunitName=b", 2, "unitName is given twice"),
        ("unitName=", 1, "unitName has no value"),
        ("tls.enable=yes", 1, "tls.enable is 'yes', not true or false"),
        ("unitName=\\u12", 1, "no character"),
    ],
)
def test_what_is_not_good_is_said_with_its_line(
    file: Path, text: str, line: int, problem: str
) -> None:
    file.write_text(text)
    with pytest.raises(ClientConfigError, match=problem) as raised:
        load_settings(file)
    assert (raised.value.path, raised.value.line) == (file, line)
    assert f"{file}, line {line}: " in str(raised.value)


def test_a_file_that_is_not_there_is_said_to_be_so(file: Path) -> None:
    with pytest.raises(ClientConfigError, match="No such file") as raised:
        load_settings(file)
    assert raised.value.line is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.conf"
    file.write_bytes(data)
    try:
        told = read_client_file(file)
    except ClientConfigError:
        return
    assert set(told) <= set(KEYS)
