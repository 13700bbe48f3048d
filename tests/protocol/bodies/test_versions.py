from twistedmq.protocol.bodies import DataVersion


def test_the_next_version_is_newer() -> None:
    first = DataVersion()
    second = first.next(1000)
    assert second == DataVersion(counter=1, timestamp=1000)
    assert second.is_newer_than(first)
    assert not first.is_newer_than(second)
    assert not first.is_newer_than(first)


def test_the_state_counts_first_then_the_number_then_the_time() -> None:
    old = DataVersion(counter=5, timestamp=9)
    assert DataVersion(state_version=1).is_newer_than(old)
    assert DataVersion(counter=6, timestamp=1).is_newer_than(old)
    assert DataVersion(counter=5, timestamp=10).is_newer_than(old)
