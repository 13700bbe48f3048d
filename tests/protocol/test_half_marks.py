import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol import properties as props
from twistedmq.protocol.half_marks import check_times, offsets_in, op_bodies
from twistedmq.protocol.names import OP_HALF_TOPIC
from twistedmq.protocol.record import Record


def op(body: bytes, properties: bytes = b"WAIT\x01true\x02TAGS\x01d\x02") -> Record:
    return Record(topic=OP_HALF_TOPIC, body=body, properties=properties)


@given(st.lists(st.integers(0, 2**63 - 1), unique=True), st.integers(1, 200))
def test_every_offset_is_in_one_body(offsets: list[int], most: int) -> None:
    bodies = op_bodies(offsets, most)
    assert b"".join(bodies) == b"".join(b"%d," % offset for offset in offsets)
    assert all(len(body) < most + 20 for body in bodies)
    assert all(len(body) >= most for body in bodies[:-1])
    assert set().union(*(offsets_in(op(body)) for body in bodies)) == set(offsets)


@pytest.mark.parametrize(
    ("body", "offsets"),
    [
        (b"7", {7}),  # as brokers before 5.0 wrote it
        (b"1,0,", {0, 1}),
        (b"", set()),
        (b"x,,3,-1,\xff\xfe, 4,1e3," + b"9" * 30, {3}),
    ],
)
def test_what_is_no_offset_ends_nothing(body: bytes, offsets: set[int]) -> None:
    assert offsets_in(op(body)) == offsets


def test_another_tag_ends_nothing() -> None:
    assert offsets_in(op(b"7,", b"TAGS\x01r\x02")) == set()
    assert offsets_in(op(b"7,", b"")) == set()


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("0", 0),
        ("15", 15),
        ("9" * 18, 10**18 - 1),
        *((text, None) for text in ("", "x", "-1", "1.5", "²", "9" * 19)),
    ],
)
def test_how_often_a_producer_was_asked(text: str, times: int | None) -> None:
    assert check_times({props.TRANSACTION_CHECK_TIMES: text}) == times
    assert check_times({}) is None
