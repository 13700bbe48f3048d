"""Servers that take TLS connections alone, and have to reach one another."""

from pathlib import Path

import pytest
from processes import OurBroker, ask, python

from twistedmq.client.client_file import TLS, TLS_TRUST, TLS_VERIFIES


def rmq(*arguments: str) -> str:
    """Run ``rmq``, which must end well; gives what it prints."""
    done = python("-m", "twistedmq.app.rmq", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def certificate_settings(directory: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Have certificates made; gives the settings of the servers, and of clients."""
    rmq("tls", "init", str(directory), "--host", "127.0.0.1")
    proof = {TLS_VERIFIES: "true", TLS_TRUST: str(directory / "ca.pem")}
    servers = {
        "tls.server.certPath": str(directory / "server.pem"),
        "tls.server.keyPath": str(directory / "server.key"),
        **proof,
    }
    return servers, proof


@pytest.mark.parametrize("proven", [False, True])
def test_name_server_and_broker_find_each_other_over_tls(
    tmp_path: Path, *, proven: bool
) -> None:
    servers, clients = certificate_settings(tmp_path / "tls") if proven else ({}, {})
    file = tmp_path / "client.conf"
    told = {TLS: "true", **clients}
    file.write_text("".join(f"{key}={value}\n" for key, value in told.items()))
    settings = {"tls.server.mode": "enforcing", **servers}
    with OurBroker(tmp_path / "data", settings=settings) as broker:
        where = ("-n", broker.namesrv, "--config", str(file))
        assert "offset 0" in rmq("send", "Orders", "hello", *where)
        for address in (broker.namesrv, broker.address):
            with pytest.raises(OSError, match=r"reset|closed"):
                ask(address, 105, {"topic": "Orders"})
