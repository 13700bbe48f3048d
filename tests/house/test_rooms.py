"""Imports run downhill, and never in a circle."""

import ast
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
    tree,
)

ENTRANCES = {"client/reactor.py"}
"""Where a program that gives no reactor comes in; each asks for it in a function."""

CONTRACTS = PACKAGE / "testing" / "contracts"


def ours(path: Path, *, top_level: bool = False) -> set[str]:
    names = imports(path, top_level=top_level)
    return {name for name in names if name.split(".")[0] == "twistedmq"}


def test_every_room_is_on_the_list() -> None:
    rooms = {p.name for p in PACKAGE.iterdir() if p.is_dir() and any(p.glob("*.py"))}
    assert rooms <= set(DOWNHILL)


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
        str(path.relative_to(PACKAGE)) for path in modules() if reactor_imports(path)
    }
    of_the_app = {name for name in holders if name.startswith("app/")}
    assert holders - of_the_app <= ENTRANCES


def test_nothing_is_called_periodically_by_the_global_reactor() -> None:
    """A LoopingCall asks for it when it is made; ``PeriodicCall`` does not."""
    makers = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "LoopingCall"
    }
    assert not makers


def test_the_reactor_is_taken_only_when_a_program_runs() -> None:
    """An import of it installs it, so even programs do that inside functions."""
    eager = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if reactor_imports(path, top_level=True)
    }
    assert not eager
