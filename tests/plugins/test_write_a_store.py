"""The guide ``docs/write-a-store.md``, followed to the letter."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from shutil import copytree

import pytest
from load import Sender, problems, read_topic
from processes import PROJECT, OurBroker, environment, python

EXAMPLE = PROJECT / "docs" / "examples" / "store-lines"
BLOCK = re.compile(r"<!-- (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
IGNORED = {"__pycache__", "dropin.cache"}


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file() and not IGNORED & {*path.parts}
    }


def test_the_page_holds_the_files_of_the_example() -> None:
    page = (PROJECT / "docs" / "write-a-store.md").read_text("utf-8")
    shown: dict[str, list[str]] = defaultdict(list)
    for name, text in BLOCK.findall(page):
        shown[name].append(text)
    assert {name: "\n".join(texts) for name, texts in shown.items()} == files_of(
        EXAMPLE
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example in a directory of its own, installed into another by pip."""
    source = tmp_path_factory.mktemp("source") / "rmq-store-lines"
    copytree(EXAMPLE, source)
    target = tmp_path_factory.mktemp("installed")
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-index", "--no-build-isolation", "--no-deps"]
    done = python(*pip, *alone, "--target", target, source)
    assert done.returncode == 0, done.stderr
    return target


def test_its_tests_pass_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    copytree(EXAMPLE / "tests", tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(installed),
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_a_broker_keeps_its_messages_in_it(installed: Path, tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    broker = OurBroker(
        tmp_path / "data", store=f"lines:path={path}", importable=(installed,)
    )
    with broker:
        sender = Sender(broker.address, "Orders", count=50)
        sender.start()
        sender.join()
        assert problems(sender.acked, read_topic(broker.address, "Orders")) == []
        broker.kill()
        broker.start()
        stored = read_topic(broker.address, "Orders")
        assert problems(sender.acked, stored) == []
        assert len(stored) == 50
    assert path.read_text().startswith('{"records": ')
