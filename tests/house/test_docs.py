"""What the documentation names is there, and each setting is in it."""

import re
from pathlib import Path

import pytest
from source_tree import PROJECT

from twistedmq.config.tables import broker_keys, namesrv_keys

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
NAMED = re.compile(r"`((?:twistedmq|plugins|tests|etc|benchmarks)/[\w./-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_path_that_a_page_names_exists(page: Path) -> None:
    named = NAMED.findall(page.read_text("utf-8"))
    assert not [name for name in named if not (PROJECT / name).exists()]


def test_each_setting_is_documented() -> None:
    text = (PROJECT / "docs" / "reference" / "settings.md").read_text("utf-8")
    keys = [*broker_keys().keys, *namesrv_keys().keys]
    assert not [key.name for key in keys if f"`{key.name}`" not in text]


@pytest.mark.parametrize("name", ["broker.conf", "namesrv.conf"])
def test_the_samples_name_only_settings_that_exist(name: str) -> None:
    table = broker_keys() if name == "broker.conf" else namesrv_keys()
    text = (PROJECT / "etc" / name).read_text("utf-8")
    keys = re.findall(r"^#?([A-Za-z][\w.]*) ?=", text, re.MULTILINE)
    assert keys
    assert not [key for key in keys if table.find(key) is None]
