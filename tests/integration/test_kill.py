"""kill -9 under load: nothing acknowledged is lost, no queue offset is given twice."""

from pathlib import Path

from crash import crash_under_load


def test_kill_during_5000_sends_a_second(tmp_path: Path) -> None:
    outcome = crash_under_load(tmp_path / "data", mib=64, rate=5000)
    print(outcome)
    assert outcome.problems == []
    assert outcome.offsets_given_twice == []
