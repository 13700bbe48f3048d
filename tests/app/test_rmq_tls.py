import json
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from twistedmq.app.rmq import make_parser
from twistedmq.app.rmq_tls import run


def tls(*words: object) -> int:
    return run(make_parser().parse_args(["tls", *map(str, words)]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "new" / "tls"
    assert tls("init", folder, "--host", "mq.example", "--host", "127.0.0.1") == 0
    return folder


@contextmanager
def served(folder: Path, handshakes: int) -> Iterator[str]:
    """Serve so many connections; gives the address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as port:
        port.settimeout(10)

        def serve() -> None:
            for _ in range(handshakes):
                plain, _ = port.accept()
                with plain:
                    try:
                        context.wrap_socket(plain, server_side=True).close()
                    except OSError:
                        continue  # the other side would not have us

        thread = Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{port.getsockname()[1]}"
        thread.join(10)


def test_files_are_written_safely(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tls"
    assert tls("init", folder) == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes["ca.key"] == modes["server.key"] == 0o600
    assert set(modes) == {"ca.key", "ca.pem", "server.key", "server.pem"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert f"tls.server.certPath = {folder}/server.pem\n" in capsys.readouterr().out


def test_nothing_is_written_over(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert tls("init", folder) == 1
    assert "is there already" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in folder.iterdir()}


def test_a_wrong_host_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tls("init", tmp_path / "x", "--host", "a b") == 1
    assert capsys.readouterr().err.startswith("rmq: host 'a b' is no name")
    assert not (tmp_path / "x").exists()


def test_a_port_that_clients_would_take(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    with served(folder, 2) as address:
        assert tls("check", address, "--trust", folder / "ca.pem") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("protocol     TLSv1.")
    assert lines[1].startswith("certificate  CN=mq.example, by CN=TwistedMQ authority")
    assert lines[2] == "is for       mq.example, 127.0.0.1"
    assert lines[3].endswith(", 824 days left")
    assert lines[4] == "verified     good for 127.0.0.1"


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (["--name", "other.example"], "ostname mismatch"),
        (None, "certificate"),
    ],
)
def test_a_port_that_clients_would_refuse(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str] | None,
    problem: str,
) -> None:
    capsys.readouterr()
    words = ["--trust", folder / "ca.pem", *more] if more else []
    with served(folder, 2) as address:
        assert tls("check", address, "--json", *words) == 1
    assert problem in json.loads(capsys.readouterr().out)["problem"]


def test_more_days_than_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tls("init", tmp_path / "x", "--days", 10**10) == 1
    assert capsys.readouterr().err.startswith("rmq: ")


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as port:
        address = f"127.0.0.1:{port.getsockname()[1]}"
    assert tls("check", address) == 1
    assert "refused" in capsys.readouterr().err


def test_what_fails_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tls("check", "127.0.0.1:1", "--trust", tmp_path / "none.pem") == 1
    said = capsys.readouterr().err
    assert said.startswith(f"rmq: {tmp_path}/none.pem cannot be trusted: No such file")
    assert tls("check", "127.0.0.1:1") == 1
    assert capsys.readouterr().err.startswith("rmq: cannot connect to 127.0.0.1:1: ")


def test_all_files_are_made_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, real = [], os.open

    def full(path: Path, *more: int) -> int:
        opened.append(path)
        if len(opened) == 3:
            raise OSError(28, "No space left on device", str(path))
        return real(path, *more)

    with monkeypatch.context() as patched:
        patched.setattr("twistedmq.app.rmq_tls.os.open", full)
        assert tls("init", tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
    assert tls("init", tmp_path) == 0
