import pytest

from twistedmq.broker.transactions.counts import TransactionCounts

GENUINE = (
    b'{"dataVersion":{"counter":5,"stateVersion":0,"timestamp":1795386591855},'
    b'"transactionCount":{"Tx":{"count":1,"timeStamp":1795386591855}}}'
)


def test_open_halves_are_counted_by_topic() -> None:
    counts = TransactionCounts(lambda: 17)
    for _ in range(4):
        counts.began("T")
    counts.began("U")
    counts.was_committed("T", 17)
    counts.was_rolled_back("T")
    counts.was_given_up("T")
    assert {topic: halves.count for topic, halves in counts.open.items()} == {
        "T": 1,
        "U": 1,
    }
    assert (counts.committed["T"], counts.rolled_back["T"]) == (1, 1)
    assert (counts.given_up["T"], counts.given_up["U"]) == (1, 0)


def test_the_genuine_file_is_read_and_written() -> None:
    counts = TransactionCounts(lambda: 17)
    counts.load(GENUINE)
    assert not counts.has_changes
    assert counts.encode() == GENUINE
    counts.was_committed("Tx", 17)
    assert counts.has_changes
    other = TransactionCounts(lambda: 17)
    other.load(counts.encode())
    assert other.open["Tx"].count == 0
    assert b'"counter":6' in other.encode()


def test_what_a_crash_lost_of_the_count_is_not_owed() -> None:
    counts = TransactionCounts(lambda: 17)
    counts.was_committed("T", 17)
    assert counts.open["T"].count == 0


def test_a_deleted_topic_is_forgotten() -> None:
    counts = TransactionCounts(lambda: 17)
    counts.began("T")
    counts.encode()
    counts.forget("U")
    assert not counts.has_changes
    counts.forget("T")
    assert counts.has_changes
    assert counts.open == {}


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"transactionCount":{"T":1}}'])
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        TransactionCounts(lambda: 17).load(data)
