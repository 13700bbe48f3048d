"""Imports run downhill, and never in a circle."""

from pathlib import Path

import pytest
from source_tree import (
    ASIDE,
    DOWNHILL,
    PACKAGE,
    dotted,
    imports,
    modules,
    reactor_imports,
    room,
)

CONTRACTS = PACKAGE / "testing" / "contracts"


def ours(path: Path, *, top_level: bool = False) -> set[str]:
    names = imports(path, top_level=top_level)
    return {name for name in names if name.split(".")[0] == "twistedmq"}


def test_every_room_is_on_the_list() -> None:
    rooms = {p.name for p in PACKAGE.iterdir() if p.is_dir() and any(p.glob("*.py"))}
    assert rooms <= {*DOWNHILL, "aio"}


@pytest.mark.parametrize("name", DOWNHILL)
def test_a_room_imports_only_itself_and_the_rooms_below(name: str) -> None:
    allowed = set(DOWNHILL[: DOWNHILL.index(name) + 1]) | {""}
    allowed -= {other for mine, other in ASIDE if mine == name}
    uphill = {
        f"{path.relative_to(PACKAGE)} imports {imported}"
        for path in (PACKAGE / name).rglob("*.py")
        for imported in ours(path)
        if room(imported) not in allowed and CONTRACTS not in path.parents
    }
    assert not uphill


def test_the_protocol_is_pure() -> None:
    """No sockets, no reactor: bytes to values and back."""
    impure = {
        f"{path.name} imports {name}"
        for path in (PACKAGE / "protocol").rglob("*.py")
        for name in imports(path)
        if name.startswith(("twisted.internet", "socket", "selectors", "threading"))
    }
    assert not impure


def test_no_import_goes_in_a_circle() -> None:
    graph = {dotted(p): ours(p, top_level=True) - {dotted(p)} for p in modules()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail[trail.index(name) :], name])
        if name in done:
            return
        for target in sorted(graph.get(name, ())):
            if not name.startswith(f"{target}."):  # its own package, loaded before it
                visit(target, (*trail, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def test_nobody_holds_the_global_reactor() -> None:
    """A reactor is an argument, so that a test can hand in a clock."""
    holders = {
        f"{path.relative_to(PACKAGE)}"
        for path in modules()
        for name in reactor_imports(path)
        if "app" not in path.relative_to(PACKAGE).parts[:1]
    }
    assert not holders


def test_the_app_takes_the_reactor_only_when_it_is_run() -> None:
    """An import of a reactor installs it, so even the app does it inside functions."""
    eager = {
        str(path.relative_to(PACKAGE))
        for path in (PACKAGE / "app").rglob("*.py")
        if list(reactor_imports(path, top_level=True))
    }
    assert not eager
