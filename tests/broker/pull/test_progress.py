import pytest
from read_side import ReadSide, pull_header

from twistedmq.broker.pull.progress import Progress

COMMIT = 1


@pytest.fixture
def side() -> ReadSide:
    return ReadSide()


@pytest.fixture
def progress(side: ReadSide) -> Progress:
    return Progress(side.offsets, side.broadcast)


def test_a_reset_moves_the_next_pull_only(side: ReadSide, progress: Progress) -> None:
    header = pull_header()
    assert progress.start(None, header) is None
    side.offsets.reset("G", "T", 0, 7)
    assert progress.start(None, header) == 7
    assert progress.start(None, header) is None


def test_a_reset_counts_more_than_what_is_known_of_a_member(
    side: ReadSide, progress: Progress
) -> None:
    header = pull_header(queue_offset=-1, request_source=1)
    side.offsets.reset("G", "T", 0, 7)
    assert progress.start("c1", header) == 7
    assert progress.start("c1", header) == 0


def test_a_pull_commits_where_it_may(side: ReadSide, progress: Progress) -> None:
    header = pull_header(sys_flag=COMMIT, commit_offset=3)
    progress.note(None, header, 5, moved=False, may_commit=False)
    assert side.offsets.query("G", "T", 0) == -1
    assert side.offsets.query_pull("G", "T", 0) == 5
    progress.note(None, header, 5, moved=False, may_commit=True)
    assert side.offsets.query("G", "T", 0) == 3


def test_a_member_has_what_it_asks_to_go_on_from(
    side: ReadSide, progress: Progress
) -> None:
    header = pull_header(queue_offset=4)
    progress.note("c1", header, 6, moved=False, may_commit=False)
    side.broadcast.commit()
    assert side.offsets.query("G@broadcast", "T", 0) == 4
    progress.note("c1", header, 9, moved=True, may_commit=False)
    side.broadcast.commit()
    assert side.offsets.query("G@broadcast", "T", 0) == 9
