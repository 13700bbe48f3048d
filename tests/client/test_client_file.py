from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.client.client_file import (
    KEYS,
    ClientConfigError,
    name_servers_told,
    read_client_file,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "client.conf"


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
        read_client_file(file)
    assert (raised.value.path, raised.value.line) == (file, line)
    assert f"{file}, line {line}: " in str(raised.value)


def test_a_file_that_is_not_there_is_said_to_be_so(file: Path) -> None:
    with pytest.raises(ClientConfigError, match="No such file") as raised:
        read_client_file(file)
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


def test_name_servers_are_listed_or_asked_for(file: Path) -> None:
    file.write_text("rocketmq.namesrv.addr=a:1\nrocketmq.namesrv.domain=mq.example")
    assert name_servers_told(file) == "a:1"
    file.write_text("rocketmq.namesrv.domain=mq.example")
    assert name_servers_told(file) == "http:mq.example/"
    file.write_text("unitName=eu")
    with pytest.raises(ClientConfigError, match="names no name servers"):
        name_servers_told(file)
