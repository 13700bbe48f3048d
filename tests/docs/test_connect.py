"""The page on reaching the cluster does what it says."""

import re
from pathlib import Path
from typing import Any

import pytest
from client_kit import result_of
from cryptography.hazmat.primitives.serialization import Encoding
from doc_examples import run_page
from source_tree import PROJECT
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twistedmq_tls.certificates import make_identity

from twistedmq.client import client_file
from twistedmq.client import session as sessions


def test_its_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sessions, "pick_reactor", lambda _: Clock())
    (tmp_path / "client.conf").write_text("rocketmq.namesrv.addr=192.0.2.1:9876")
    certificate = make_identity().certificate
    (tmp_path / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    names: dict[str, Any] = {}
    assert result_of(Deferred.fromCoroutine(run_page("connect", names))) == 4
    found = names["producer"]._session.names._source.addresses()
    assert result_of(found) == ["192.0.2.1:9876"]
    assert names["secured"]._session.settings.security is names["security"]


def test_it_names_each_key_of_a_clients_file() -> None:
    text = (PROJECT / "docs" / "connect.md").read_text("utf-8")
    named = re.findall(r"`((?:rocketmq|tls)\.[\w.]+|\w+)`", text)
    assert set(client_file.KEYS) <= set(named)
