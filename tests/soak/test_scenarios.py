"""Every scenario of the Java client, over every store."""

from pathlib import Path

import pytest
from scenarios import SCENARIOS, failures_over

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("store", ["file", "memory", "sqlite"])
def test_the_java_client_is_content(tmp_path: Path, store: str) -> None:
    assert failures_over(store, SCENARIOS, tmp_path) == []
