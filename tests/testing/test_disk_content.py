from random import Random

from hypothesis import given
from hypothesis import strategies as st

from twistedmq.testing.disk_content import Change, Content, Left

CHANGES = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 300), st.binary(max_size=200)),
        st.tuples(st.integers(0, 300), st.none()),
    ),
    max_size=8,
)


def changed(*lists: list[tuple[int, bytes | None]]) -> Content:
    """Give a content of which all lists but the last are synced."""
    content = Content()
    moment = 0
    for changes in lists:
        content.sync(moment)
        for offset, data in changes:
            moment += 1
            content.change(Change(moment, offset, data))
    return content


@given(CHANGES, CHANGES, st.integers(0, 99))
def test_the_extremes(
    before: list[tuple[int, bytes | None]],
    after: list[tuple[int, bytes | None]],
    seed: int,
) -> None:
    content = changed(before, after)
    end = len(before) + len(after) + 1
    nothing = content.left(end, Random(seed), Left.NOTHING)
    assert nothing.data == changed(before).data
    everything = content.left(end, Random(seed), Left.ALL)
    assert everything.data == content.data


@given(CHANGES, CHANGES, st.integers(0, 99))
def test_each_byte_is_of_some_moment(
    before: list[tuple[int, bytes | None]],
    after: list[tuple[int, bytes | None]],
    seed: int,
) -> None:
    content = changed(before, after)
    end = len(before) + len(after) + 1
    states = [changed(before, after[:n]).data for n in range(len(after) + 1)]
    left = content.left(end, Random(seed), Left.SECTORS).data
    assert len(left) in {len(state) for state in states}
    for at, byte in enumerate(left):
        assert byte in {state[at] if at < len(state) else 0 for state in states}
