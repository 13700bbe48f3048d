"""What a module exports exists, and what the package promises can be imported."""

import importlib
import subprocess
import sys

import pytest
from source_tree import dotted, modules

HEAVY = ("cryptography", "OpenSSL", "twisted.web", "twistedmq.store", "sqlite3")


@pytest.mark.parametrize("name", [dotted(p) for p in modules()])
def test_all_names_what_is_there(name: str) -> None:
    module = importlib.import_module(name)
    missing = [n for n in getattr(module, "__all__", ()) if not hasattr(module, n)]
    assert not missing


def loaded_after(statement: str) -> set[str]:
    """Give the modules that a new interpreter has loaded after a statement."""
    program = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_droplets_import_nothing_heavy() -> None:
    """They are loaded at every ``twist --help``."""
    loaded = loaded_after("import twisted.plugins.twistedmq_all, twistedmq")
    assert not {n for n in loaded if n.startswith(HEAVY)}
    assert "twisted.internet.reactor" not in loaded
