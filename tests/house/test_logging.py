"""What is logged is text: an exception keeps alive all that was at work when it rose.

Until a program has its log written somewhere, Twisted keeps the last 200 events.
"""

import ast
from pathlib import Path

from source_tree import dotted, modules, tree


def logged_exceptions(path: Path) -> list[int]:
    """Give the lines on which what was caught is handed to a logger as it is."""
    found = []
    for handler in ast.walk(tree(path)):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
            continue
        for call in ast.walk(handler):
            if isinstance(call, ast.Call) and is_logging(call.func):
                found += [
                    keyword.value.lineno
                    for keyword in call.keywords
                    if isinstance(keyword.value, ast.Name)
                    and keyword.value.id == handler.name
                ]
    return found


def is_logging(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute) or function.attr == "failure":
        return False
    owner = function.value
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return name.endswith("_log")


def test_no_exception_is_kept_by_the_log() -> None:
    found = {dotted(path): logged_exceptions(path) for path in modules()}
    assert not {name: lines for name, lines in found.items() if lines}
