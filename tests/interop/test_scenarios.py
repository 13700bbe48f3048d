"""The unmodified Java client against our name server and broker."""

from pathlib import Path

import pytest
from processes import OurBroker
from scenarios import SCENARIOS, WITHOUT_MESSAGES, failures, failures_over


def test_the_java_client_is_content(ours: OurBroker) -> None:
    assert failures(SCENARIOS, ours.namesrv) == []


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_it_is_so_with_other_stores(tmp_path: Path, store: str) -> None:
    names = [name for name in SCENARIOS if name not in WITHOUT_MESSAGES]
    assert failures_over(store, names, tmp_path) == []
