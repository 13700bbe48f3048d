"""The source tree as data, for the tests about the code itself."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "twistedmq"

DOWNHILL = (
    "protocol",
    "config",
    "metrics",
    "store",
    "remoting",
    "ha",
    "auth",
    "filter",
    "namesrv",
    "broker",
    "client",
    "admin",
    "aio",
    "console",
    "app",
    "testing",
)
"""The rooms, each of which may import itself and those before it."""

ASIDE = {("namesrv", "broker"), ("broker", "namesrv")}
"""Rooms at the same height, which do not know each other."""


def modules() -> list[Path]:
    """Give every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    """Give the name a module is imported by."""
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(name: str) -> str:
    """Give the room of a dotted name: the part behind the package."""
    return [*name.split("."), ""][1]


@cache
def tree(path: Path) -> ast.Module:
    """Parse a module once."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path, *, top_level: bool = False) -> Iterator[str]:
    """Give the dotted names that a module imports; *top_level*: only when loaded.

    ``from a import b`` gives ``a.b`` where that is a module of ours, else ``a``.
    """
    for node in _loaded(tree(path)) if top_level else ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(path, node)
            for alias in node.names:
                name = f"{base}.{alias.name}"
                yield name if _is_module(name) else base


def reactor_imports(path: Path, *, top_level: bool = False) -> list[str]:
    """Give the statements that import the global reactor."""
    nodes = _loaded(tree(path)) if top_level else ast.walk(tree(path))
    found = []
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "twisted.internet":
            hit = any(alias.name == "reactor" for alias in node.names)
        elif isinstance(node, ast.Import):
            hit = any(a.name == "twisted.internet.reactor" for a in node.names)
        else:
            continue
        if hit:
            found.append(ast.unparse(node))
    return found


def _loaded(module: ast.Module) -> Iterator[ast.AST]:
    """Walk what runs when the module is loaded: no bodies of functions."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = dotted(path).split(".")
    keep = len(package) - node.level + (path.name == "__init__.py")
    return ".".join(package[:keep] + ([node.module] if node.module else []))


def _is_module(name: str) -> bool:
    path = PROJECT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
