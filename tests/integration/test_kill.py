"""kill -9 under load: nothing acknowledged is lost, no queue offset is given twice."""

from pathlib import Path

import pytest
from crash import crash_under_load


@pytest.mark.parametrize(
    ("store", "mib", "rate"), [("file", 64, 5000), ("sqlite", 8, 2000)]
)
def test_kill_during_sends(tmp_path: Path, store: str, mib: int, rate: float) -> None:
    outcome = crash_under_load(tmp_path / "data", mib=mib, rate=rate, store=store)
    print(outcome)
    assert outcome.problems == []
    assert outcome.offsets_given_twice == []
