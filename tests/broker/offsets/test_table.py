"""The table of consumer offsets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.broker.offsets.table import NOT_FOUND, Key, OffsetTable
from twistedmq.config.broker import OffsetConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import DataVersion


def make_table(**settings: object) -> OffsetTable:
    return OffsetTable(Live(OffsetConfig(**settings)), lambda: 17)  # type: ignore[arg-type]


@pytest.fixture
def table() -> OffsetTable:
    return make_table()


def test_the_last_commit_counts_even_backwards(table: OffsetTable) -> None:
    assert table.query("G", "T", 0) == NOT_FOUND
    table.commit("G", "T", 0, 5)
    table.commit("G", "T", 0, 3)
    assert table.query("G", "T", 0) == 3
    assert table.query("G", "T", 1) == NOT_FOUND
    assert table.query("G2", "T", 0) == NOT_FOUND


def test_topics_and_groups_find_each_other(table: OffsetTable) -> None:
    table.commit("G", "T", 0, 5)
    table.commit("G", "T2", 0, 5)
    table.commit("G2", "T", 0, 5)
    assert table.topics_of("G") == {"T", "T2"}
    assert table.groups_of("T") == {"G", "G2"}
    assert table.groups_of("TNope") == set()
    assert len(table) == 3


def test_pull_offsets_fall_back_to_commits(table: OffsetTable) -> None:
    table.commit("G", "T", 0, 5)
    assert table.query_pull("G", "T", 0) == 5
    table.commit_pull("G", "T", 0, 9)
    assert table.query_pull("G", "T", 0) == 9
    assert table.query("G", "T", 0) == 5


def test_a_reset_holds_until_it_is_taken(table: OffsetTable) -> None:
    table.commit("G", "T", 0, 50)
    table.reset("G", "T", 0, 7)
    table.commit("G", "T", 0, 51)
    assert table.is_reset("G", "T", 0)
    assert not table.is_reset("G", "T", 1)
    assert table.query("G", "T", 0) == 7
    assert table.take_reset("G", "T", 0) == 7
    assert table.take_reset("G", "T", 0) is None
    assert not table.is_reset("G", "T", 0)
    assert table.query("G", "T", 0) == 51


def test_resets_can_be_left_to_clients() -> None:
    table = make_table(server_side_reset=False)
    table.reset("G", "T", 0, 7)
    assert not table.is_reset("G", "T", 0)
    assert table.take_reset("G", "T", 0) is None


def test_groups_and_topics_can_be_forgotten(table: OffsetTable) -> None:
    for group in ("G", "G2"):
        for topic in ("T", "T2"):
            table.commit(group, topic, 0, 5)
            table.commit_pull(group, topic, 0, 5)
            table.reset(group, topic, 0, 1)
    table.take_changes()
    table.remove_group("G")
    assert table.topics_of("G") == set()
    assert table.groups_of("T") == {"G2"}
    assert table.query_pull("G", "T", 0) == NOT_FOUND
    assert table.take_changes() == {("T", "G"): None, ("T2", "G"): None}
    table.remove_topic("T")
    assert table.take_reset("G2", "T", 0) is None
    assert table.topics_of("G2") == {"T2"}


def test_a_clone_is_a_copy(table: OffsetTable) -> None:
    table.commit("G", "T", 0, 5)
    table.clone("G", "G2", "T")
    table.clone("G", "G2", "TNope")
    table.commit("G", "T", 0, 6)
    assert table.query("G2", "T", 0) == 5
    assert table.topics_of("G2") == {"T"}


def test_only_changes_are_given(table: OffsetTable) -> None:
    table.load({("T", "G"): {0: 1}, ("T", "G2"): {0: 2}}, DataVersion(counter=3))
    assert not table.has_changes
    table.commit("G", "T", 0, 5)
    assert table.take_changes() == {("T", "G"): {0: 5}}
    table.commit("G", "T", 0, 6)
    assert table.take_changes() == {("T", "G"): {0: 6}}
    assert table.data_version.counter == 3


def test_lost_changes_are_given_again(table: OffsetTable) -> None:
    table.commit("G", "T", 0, 5)
    table.changes_lost(table.take_changes())
    assert table.take_changes() == {("T", "G"): {0: 5}}


def test_the_version_rises_every_so_many_commits() -> None:
    table = make_table(version_step=3)
    for _ in range(7):
        table.commit("G", "T", 0, 5)
    assert table.data_version == DataVersion(counter=2, timestamp=17)


def copies(table: OffsetTable) -> dict[Key, dict[int, int] | None]:
    return {
        key: queues and dict(queues) for key, queues in table.take_changes().items()
    }


@given(
    st.lists(
        st.tuples(
            st.sampled_from("GHI"),
            st.sampled_from("TUV"),
            st.integers(0, 3),
            st.integers(0, 9),
        )
    )
)
def test_changes_replay_to_the_same_table(
    commits: list[tuple[str, str, int, int]],
) -> None:
    table, replayed = make_table(), {}
    for i, (group, topic, queue_id, offset) in enumerate(commits):
        table.commit(group, topic, queue_id, offset)
        if i % 3 == 1:
            table.remove_group(group)
        if i % 4 == 0:
            replayed.update(copies(table))
    replayed.update(copies(table))
    kept = {key: queues for key, queues in replayed.items() if queues is not None}
    assert kept == dict(table.items())
