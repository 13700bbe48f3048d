import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.broker.pop.order import ILLEGAL, UNCHANGED, OrderInfo, OrderTable
from twistedmq.broker.pop.positions import Place
from twistedmq.protocol import loose_json
from twistedmq.protocol.errors import FieldError

PLACE: Place = ("T", "G", 3)
GENUINE = (
    b'{"table":{"T@G":{3:{"a":"try","cm":1,"i":30000,"l":1795385510087,"o":[7,1,4],'
    b'"oc":{7:2},"ot":{8:1795385540087},"popTime":1795385510000}}}}'
)


class Times:
    def __init__(self) -> None:
        self.now_ms = 1_000
        self.table = OrderTable(lambda: self.now_ms)


def test_blocked_until_all_is_acknowledged() -> None:
    times = Times()
    table = times.table
    assert not table.is_blocked(PLACE, None, 10)
    assert table.acked(PLACE, 4, 1) == 5  # nothing is known: believe it
    assert table.given(PLACE, [7, 8], 1_000, 500, None) == "0 3 0"
    assert table.is_blocked(PLACE, None, 10)
    assert table.acked(PLACE, 8, 1_000) == 7
    assert table.acked(PLACE, 7, 1_000) == 9
    assert not table.is_blocked(PLACE, None, 10)
    assert table.acked(PLACE, 9, 1_000) == ILLEGAL
    assert table.acked(PLACE, 7, 999) == UNCHANGED


def test_times_a_message_was_given() -> None:
    table = Times().table
    table.given(PLACE, [7, 8], 1, 500, "one")
    assert table.given(PLACE, [7, 8, 9], 2, 500, "two") == "0 qo3%7 1;0 qo3%8 1;0 3 0"
    assert table.given(PLACE, [7, 8], 3, 500, None) == "0 qo3%7 2;0 qo3%8 2;0 3 2"
    again = Times().table
    again.given(PLACE, [7], 1, 500, "one")
    assert again.given(PLACE, [7], 2, 500, "one") == "0 3 0"


def test_one_message_may_be_hidden_for_longer() -> None:
    times = Times()
    table = times.table
    table.given(PLACE, [7, 8], 1_000, 500, None)
    table.postpone(PLACE, 8, 1_000, 9_000)
    table.postpone(PLACE, 8, 999, 99_000)
    table.postpone(PLACE, 99, 1_000, 99_000)
    table.postpone(("T", "H", 0), 8, 1_000, 99_000)
    assert table.free_at_ms(PLACE) == 9_000
    times.now_ms = 8_999
    assert table.is_blocked(PLACE, None, 10)
    times.now_ms = 9_000
    assert not table.is_blocked(PLACE, None, 10)


def test_entries_without_a_length_take_the_one_asked_for() -> None:
    times = Times()
    times.table.given(PLACE, [7], 1_000, 0, None)
    assert times.table.is_blocked(PLACE, None, 500)
    times.now_ms = 1_500
    assert not times.table.is_blocked(PLACE, None, 500)


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=32, unique=True), st.data())
def test_acks_in_any_order_commit_the_first_that_is_left(
    offsets: list[int], data: st.DataObject
) -> None:
    offsets.sort()
    table = Times().table
    table.given(PLACE, offsets, 1, 500, None)
    left = list(offsets)
    for offset in data.draw(st.permutations(offsets)):
        left.remove(offset)
        wanted = left[0] if left else offsets[-1] + 1
        assert table.acked(PLACE, offset, 1) == wanted


def test_an_entry_with_64_messages_has_a_sign() -> None:
    table = Times().table
    table.given(PLACE, range(64), 1, 500, None)
    for offset in range(63, -1, -1):
        table.acked(PLACE, offset, 1)
    assert b'"cm":-1,' in (table.entry("T@G") or b"")
    assert table.acked(PLACE, 3, 1) == 64


def test_the_file_of_a_genuine_broker() -> None:
    table = Times().table
    table.load(GENUINE)
    assert list(table.names()) == ["T@G"]
    assert b'{"table":{"T@G":%b}}' % (table.entry("T@G") or b"") == GENUINE
    assert table.is_blocked(PLACE, "other", 1)
    assert not table.is_blocked(PLACE, "try", 1)
    assert table.acked(PLACE, 8, 1795385510000) == 11
    with pytest.raises(FieldError):
        table.load(b"nonsense")


def test_what_changed_is_told_once() -> None:
    table = Times().table
    table.given(PLACE, [7], 1, 500, None)
    assert table.take_changes() == {"T@G"}
    assert table.take_changes() == set()
    table.clear(*PLACE)
    table.clear(*PLACE)
    assert table.take_changes() == {"T@G"}
    assert table.entry("T@G") is None


def test_what_is_of_no_use_goes() -> None:
    times = Times()
    for topic, group, queue_id in [("T", "G", 0), ("T", "G", 9), ("T", "gone", 0)]:
        times.table.given((topic, group, queue_id), [1], 1, 500, None)
    times.table.take_changes()
    times.table.clean(lambda _: 4, lambda group: group == "G")
    assert times.table.take_changes() == {"T@G", "T@gone"}
    assert set(times.table.names()) == {"T@G"}
    times.now_ms += 25 * 3600 * 1000
    times.table.clean(lambda _: 4, lambda _: True)
    assert list(times.table.names()) == []


def test_an_empty_entry_blocks_nothing() -> None:
    info = loose_json.decode(b"{}", type=OrderInfo)
    assert info.offsets() == info.hidden() == []
    table = Times().table
    table.load(b'{"table":{"T@G":{3:{}}}}')
    assert table.free_at_ms(PLACE) is None
    assert table.acked(PLACE, 1, 0) == ILLEGAL
    assert table.free_at_ms(("T", "H", 3)) is None
