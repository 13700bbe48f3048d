"""The Python in README.md does what it says."""

from pathlib import Path
from typing import Any

import pytest
from client_kit import FakeCluster, result_of
from doc_examples import blocks_of
from embedding import embedded
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred

import twistedmq
from twistedmq.client.message import Message
from twistedmq.client.starting import StartFrom

FIRST, EMBEDDING, TESTING = blocks_of("README.md")


def test_the_first_program(
    every_client: FakeCluster,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made: Any = twistedmq.Consumer

    def consumer(*args: Any, **options: Any) -> Any:
        # its group is new, and would wait for what comes after it
        return made(*args, start_from=StartFrom.FIRST, **options)

    ran: list[Deferred[None]] = []
    monkeypatch.setattr(twistedmq, "Consumer", consumer, raising=False)
    monkeypatch.setattr(
        "twisted.internet.task.react", lambda main: ran.append(main(None))
    )
    exec(FIRST, {})
    result_of(ran[0])
    assert capsys.readouterr().out.endswith("b'hello'\n")
    assert every_client.bodies("orders") == [b"hello"]


def test_embedding(tmp_path: Path) -> None:
    application = MultiService()
    embedded(EMBEDDING, tmp_path, {"application": application})
    assert len(application.services) == 1


def test_a_test_of_your_own() -> None:
    exec(TESTING, {"Message": Message})
