"""A store written by ours opens in the genuine broker, and in ours again."""

from pathlib import Path

import pytest
from two_way import TwoWay

COUNT = 20_000


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_store_of_ours_opens_in_the_genuine_broker(tmp_path: Path, end: str) -> None:
    both = TwoWay(tmp_path / "data", {"mappedFileSizeCommitLog": "8388608"})
    with both.ours() as ours:
        both.send(ours.address, "FromOurs", COUNT)
        getattr(ours, end)()
    both.through_genuine()
