"""The page on sending does what it says, with a cluster in memory."""

from functools import partial
from typing import Any

import pytest
from client_kit import FakeCluster, result_of
from doc_examples import run_page
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

import twistedmq
from twistedmq.client.session import ClientSettings
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command


def test_its_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    cluster = FakeCluster(clock)
    cluster.serve[RequestCode.END_TRANSACTION] = lambda *_: Command(code=0)

    def producer(*args: Any, nameservers: str, **options: Any) -> twistedmq.Producer:
        settings: ClientSettings = cluster.settings()
        return made(*args, settings=settings, **options)

    made: Any = twistedmq.Producer
    monkeypatch.setattr(twistedmq, "Producer", partial(producer), raising=False)
    namespace: dict[str, Any] = {}
    ran = Deferred.fromCoroutine(run_page("send", namespace))
    for _ in range(100):
        clock.advance(0.01)  # what is held for a moment goes
    assert result_of(ran) >= 12
    assert cluster.bodies("orders").count(b"hello") == 3
    result_of(namespace["producer"].close())
