from pathlib import Path

import pytest
from client_kit import result_of

from twistedmq.app.mqadmin import parsing, table
from twistedmq.app.rmq import make_parser
from twistedmq.client.nameserver_sources import open_source
from twistedmq.client.session import ClientSettings

GOOD = """\
rocketmq.namesrv.addr=192.0.2.7:9876
accessKey=ops
secretKey=12345678
tls.enable=true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "client.conf"
    path.write_text(GOOD)
    return path


def rmq(*words: str) -> ClientSettings | None:
    settings: ClientSettings | None = make_parser().parse_args(words).settings
    return settings


def mqadmin(*words: str) -> ClientSettings | None:
    verb = table.find("clusterList")
    assert verb is not None
    settings: ClientSettings | None = parsing.parse(verb, words).settings
    return settings


def test_the_clients_of_both_commands_are_told_what_the_file_says(file: Path) -> None:
    for settings in (
        rmq("topics", "--config", str(file)),
        rmq("dlq", "ls", f"--config={file}"),
        mqadmin("--config", str(file)),
        mqadmin("-n", "192.0.2.8:9876", "-config", str(file)),
    ):
        assert settings is not None
        assert settings.credentials is not None
        assert settings.credentials.access_key == "ops"
        assert settings.security is not None
        source = open_source(settings.nameservers, None)
        assert result_of(source.addresses()) == ["192.0.2.7:9876"]


def test_without_one_nothing_is_told() -> None:
    assert rmq("topics") is None
    assert mqadmin() is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "client.conf: cannot be read: No such file or directory"),
        ("zone=a\n", "client.conf, line 1: unknown key 'zone'"),
        ("tls.enable=true\ntls.client.trustCertPath=no.pem\n", "cannot read no.pem"),
    ],
)
def test_what_is_wrong_with_it_is_wrong_usage(
    file: Path, capsys: pytest.CaptureFixture[str], text: str | None, problem: str
) -> None:
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    for call, status in ((rmq, 2), (mqadmin, 1)):
        verb = ["topics"] if call is rmq else []
        with pytest.raises(SystemExit) as ended:
            call(*verb, "--config", str(file))
        assert ended.value.code == status
        assert problem in capsys.readouterr().err
