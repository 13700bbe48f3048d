"""kill -9 ten times with 1 GiB each; the time that the restart takes is printed."""

from pathlib import Path

import pytest
from crash import crash_under_load

pytestmark = pytest.mark.soak

RESTART_LIMIT_S = 2.0


@pytest.mark.parametrize("round_", range(10))
def test_kill_with_a_gibibyte(tmp_path: Path, round_: int) -> None:
    outcome = crash_under_load(tmp_path / "data", mib=1024, rate=5000)
    print(outcome)
    assert outcome.problems == []
    assert outcome.offsets_given_twice == []
    assert outcome.restart_s < RESTART_LIMIT_S
