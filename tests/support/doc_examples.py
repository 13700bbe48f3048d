"""Runs the Python blocks of a page of the manual, one after the other."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

from source_tree import PROJECT

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks_of(name: str) -> list[str]:
    """Give the text of each block, for tests that run them one at a time."""
    text = (PROJECT / name).read_text("utf-8")
    return [block[1] for block in _BLOCK.finditer(text)]


async def run_page(name: str, namespace: dict[str, Any]) -> int:
    """Execute all blocks of ``docs/NAME.md``; gives how many there were.

    They share *namespace*, in which a test puts what stands for the outside, and may
    await. An error names the page and the line.
    """
    page = PROJECT / "docs" / f"{name}.md"
    blocks = list(_BLOCK.finditer(page.read_text("utf-8")))
    for block in blocks:
        running = eval(_compiled(page, block), namespace)
        if inspect.isawaitable(running):
            await running
    return len(blocks)


def _compiled(page: Path, block: re.Match[str]) -> Any:
    line = block.string.count("\n", 0, block.start(1))
    padded = "\n" * line + block[1]
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return compile(padded, str(page), "exec", flags=flags, dont_inherit=True)
