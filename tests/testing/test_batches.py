from twistedmq.protocol import properties
from twistedmq.testing.batches import Told, batch_of


def test_columns_say_what_was_told() -> None:
    batch = batch_of([Told("A", 1, b"x", "tag", "k1 k2", "U"), Told()])
    assert len(batch) == 2
    assert batch.topics == ["A", "Orders"]
    assert properties.parse(batch.properties[0]) == {
        "UNIQ_KEY": "U",
        "KEYS": "k1 k2",
        "TAGS": "tag",
    }
    assert batch.tags_codes == [properties.tags_code("tag"), 0]
    assert batch.properties[1] == b""
