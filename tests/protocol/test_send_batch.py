from twistedmq.protocol.send_batch import SendBatch


def test_a_batch_counts_its_messages() -> None:
    columns: list[list[object]] = [[] for _ in SendBatch.__struct_fields__]
    assert len(SendBatch(*columns)) == 0
    assert len(SendBatch(*[["x", "y"] for _ in columns])) == 2
