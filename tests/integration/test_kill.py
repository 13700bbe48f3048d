"""kill -9 under load: nothing acknowledged is lost, no queue offset is given twice."""

import os
from pathlib import Path

import pytest
from crash import crash_under_load

PLAIN = "TWISTEDMQ_PLAIN_IO" in os.environ
"""The ordinary paths write and recover alike; a short run of them will do."""

RUNS = [("file", 8 if PLAIN else 64, 5000)]
if not PLAIN:
    RUNS.append(("sqlite", 8, 2000))  # has no other path


@pytest.mark.parametrize(("store", "mib", "rate"), RUNS)
def test_kill_during_sends(tmp_path: Path, store: str, mib: int, rate: float) -> None:
    outcome = crash_under_load(tmp_path / "data", mib=mib, rate=rate, store=store)
    print(outcome)
    assert outcome.problems == []
    assert outcome.offsets_given_twice == []
