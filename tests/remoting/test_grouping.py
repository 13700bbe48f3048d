import pytest
from hypothesis import given
from hypothesis import strategies as st
from remoting_kit import frame

from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.framing import peek_code
from twistedmq.remoting.grouping import grouped

BATCH = {10, 310, 200050, 200051}


def body(code: int, **settings: object) -> bytes:
    return frame(code, **settings)[4:]


def odd(text: bytes) -> bytes:
    return b"\x00" + len(text).to_bytes(3) + text


def test_consecutive_frames_of_a_batch_code_come_together():
    frames = [body(310, opaque=n) for n in range(3)]
    assert list(grouped(frames, BATCH)) == [(310, frames)]


def test_order_is_kept_and_other_codes_come_as_they_are():
    a, b, c, d = body(310), body(34), body(35), body(10)
    groups = list(grouped([a, a, b, c, d, a], BATCH))
    assert groups == [(310, [a, a]), (-1, [b, c]), (10, [d]), (310, [a])]


def test_codes_that_begin_alike_are_told_apart():
    a, b = body(200050), body(200051)
    assert list(grouped([a, b], BATCH)) == [(200050, [a]), (200051, [b])]


def test_a_header_that_does_not_begin_with_its_code_is_not_guessed():
    a = odd(b'{"opaque":1,"code":310}')
    b = odd(b'{"opaque":1,"code":31}')
    assert list(grouped([a, b], BATCH)) == [(-1, [a, b])]


def test_a_binary_frame_joins_the_group_of_its_code():
    frames = [body(310), body(310, serialization=1), body(310)]
    assert list(grouped(frames, BATCH)) == [(310, frames)]


@pytest.mark.parametrize("junk", [b"\x00\x00\x00\x00", b"\x07abc", bytes(30)])
def test_junk_is_nobodys_batch(junk):
    assert [code for code, _ in grouped([junk], BATCH)] == [-1]


JSON_FRAMES = st.builds(
    body,
    st.sampled_from([10, 11, 31, 310, 3100, 200050, 200051]),
    opaque=st.integers(0, 9),
    fields=st.sampled_from([{}, {"a": "1"}]),
)
BINARY_FRAMES = st.builds(
    body,
    st.sampled_from([10, 11, 31, 310, 3100]),
    opaque=st.integers(0, 9),
    serialization=st.just(1),
)


@given(st.lists(JSON_FRAMES | BINARY_FRAMES, max_size=12))
def test_grouping_loses_nothing_and_agrees_with_decoding(frames):
    groups = list(grouped(frames, BATCH))
    assert [f for _, group in groups for f in group] == frames
    for code, group in groups:
        for one in group:
            seen = peek_code(one)
            assert code == (seen if seen in BATCH else -1)
            if code >= 0:
                assert decode_command(one).code == code
