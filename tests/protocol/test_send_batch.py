from typing import Any

from twistedmq.protocol.send_batch import SendBatch


def columns(*items: str) -> list[Any]:
    return [list(items) for _ in SendBatch.__struct_fields__]


def test_a_batch_counts_its_messages() -> None:
    assert len(SendBatch(*columns())) == 0
    assert len(SendBatch(*columns("x", "y"))) == 2
