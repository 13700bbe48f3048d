"""The examples of ``docs/test-your-application.md`` hold."""

import shutil
from pathlib import Path

import pytest
from source_tree import PROJECT

pytest_plugins = ["pytester"]

EXAMPLES = PROJECT / "docs" / "examples" / "testing"


def test_the_examples_pass(pytester: pytest.Pytester) -> None:
    shutil.copytree(EXAMPLES, pytester.path, dirs_exist_ok=True)
    outcome = pytester.runpytest_inprocess("-p", "no:twisted", "-W", "error")
    wanted = sum(
        path.read_text("utf-8").count("def test_")
        for path in Path(EXAMPLES).glob("test_*.py")
    )
    outcome.assert_outcomes(passed=wanted)
