from twistedmq.broker.paging import page
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DataVersion

TABLE = {"c": 3, "a": 1, "d": 4, "b": 2}
NOW = DataVersion(counter=3, timestamp=17)
SEEN = loose_json.encode(NOW).decode()


def test_pages_are_by_name() -> None:
    assert page(TABLE, 0, 3, SEEN, NOW) == {"a": 1, "b": 2, "c": 3}
    assert page(TABLE, 3, 3, SEEN, NOW) == {"d": 4}
    assert page(TABLE, 6, 3, SEEN, NOW) == {}


def test_after_a_change_reading_begins_anew() -> None:
    older = loose_json.encode(DataVersion(counter=2, timestamp=17)).decode()
    for seen in (older, "", None, "{broken"):
        assert page(TABLE, 2, 2, seen, NOW) == {"a": 1, "b": 2}
