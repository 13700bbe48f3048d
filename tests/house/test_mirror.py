"""Each module has its mirror test, and files can be held in the head."""

import ast

import pytest
from source_tree import PACKAGE, PROJECT, dotted, modules, tree

TESTS = PROJECT / "tests"
LINES_NOTED = 400
LINES_ALLOWED = 450

PLAIN_DATA = {
    "protocol/codes.py",  # numbers, held by the catalogue and the vectors
    "protocol/errors.py",
}
"""Modules without behaviour of their own; the rooms that use them are their test."""


TESTED_TOGETHER = (
    "testing/contracts/",  # run over every implementation of a door
    "app/wiring/",  # by tests/app/test_broker_parts.py, and by each whole broker
)


def has_logic(path: object) -> bool:
    """Whether a module does anything: more than imports, constants and interfaces."""
    for node in ast.walk(tree(path)):  # type: ignore[arg-type]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = [n for n in node.body if not is_docstring(n)]
            if body:
                return True
    return False


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def with_logic() -> list[str]:
    paths = [path for path in modules() if has_logic(path)]
    names = [path.relative_to(PACKAGE).as_posix() for path in paths]
    return [
        name
        for name in names
        if name not in PLAIN_DATA and not name.startswith(TESTED_TOGETHER)
    ]


@pytest.mark.parametrize("name", with_logic())
def test_each_module_has_its_mirror_test(name: str) -> None:
    parts = name.removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts.pop()
    *folders, last = parts or [""]
    mirror = TESTS.joinpath(*folders, f"test_{last or 'package'}.py")
    beside = TESTS.joinpath(*parts, "test_package.py")
    contract = TESTS / "contract" / f"test_{last}.py"
    assert mirror.is_file() or beside.is_file() or contract.is_file(), (
        f"{mirror.relative_to(PROJECT)} is missing"
    )


def test_no_file_is_two_rooms() -> None:
    sizes = {dotted(p): len(p.read_text("utf-8").splitlines()) for p in modules()}
    long = {name: n for name, n in sizes.items() if n > LINES_NOTED}
    for name, n in sorted(long.items()):
        print(f"{n} lines: {name}")
    assert not {name: n for name, n in long.items() if n > LINES_ALLOWED}
