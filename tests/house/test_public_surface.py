"""What a module exports exists, and what the package promises can be imported."""

import importlib

import pytest
from loaded import loaded_after
from source_tree import dotted, modules

HEAVY = ("cryptography", "OpenSSL", "twisted.web", "twistedmq.store", "sqlite3")


@pytest.mark.parametrize("name", [dotted(p) for p in modules()])
def test_all_names_what_is_there(name: str) -> None:
    module = importlib.import_module(name)
    missing = [n for n in getattr(module, "__all__", ()) if not hasattr(module, n)]
    assert not missing


def test_droplets_import_nothing_heavy() -> None:
    """They are loaded at every ``twist --help``."""
    loaded = loaded_after("import twisted.plugins.twistedmq_all, twistedmq")
    assert not {n for n in loaded if n.startswith(HEAVY)}
    assert "twisted.internet.reactor" not in loaded
