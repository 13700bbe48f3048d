"""The Python of the page on how to do things does what it says."""

from pathlib import Path
from typing import Any

import pytest
from doc_examples import blocks_of
from embedding import embedded
from twisted.application.service import IService

from twistedmq.client.message import Message
from twistedmq.testing import Cluster

PAGE = blocks_of("docs/howto.md")
[LOOK] = [block for block in PAGE if "def look(" in block]
[SIGNING] = [block for block in PAGE if "Credentials(" in block]
[EMBEDDING] = [block for block in PAGE if "makeService(" in block]


def test_asking_a_cluster(
    whole_cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    run = whole_cluster.run
    consumer = run(whole_cluster.consumer("billing", {"orders": "*"}).start())
    producer = run(whole_cluster.producer().start())
    receipt = run(producer.send(Message("orders", b"hello")))
    names: dict[str, Any] = {}
    exec(LOOK, names)
    run(names["look"](receipt.offset_message_id))
    run(consumer.close())
    printed = capsys.readouterr().out.splitlines()
    assert len(printed[0].split()) == 2
    assert printed[1].startswith("billing ")


def test_embedding(tmp_path: Path) -> None:
    names = embedded(EMBEDDING, tmp_path, {})
    assert IService.providedBy(names["service"])


def test_signing(whole_cluster: Cluster) -> None:
    names: dict[str, Any] = {}
    exec(SIGNING, names)
    assert names["settings"].credentials is names["keys"]
