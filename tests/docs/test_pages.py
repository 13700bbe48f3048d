"""The Python of every page can be compiled, and what it imports is there."""

import ast

import pytest
from doc_examples import blocks_of
from source_tree import PROJECT

PARTS = {"docs/write-a-store.md"}
"""Whose blocks are pieces of files; tests/plugins/test_write_a_store.py joins them."""
ALL = ["README.md", *(f"docs/{p.name}" for p in (PROJECT / "docs").glob("*.md"))]
PAGES = sorted(set(ALL) - PARTS)
OWN = {"opentelemetry"}
"""Modules that are no dependency."""


def statements(page: str) -> list[ast.stmt]:
    """Give the statements of all blocks; those of one may await by themselves."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    trees = [compile(each, page, "exec", flags=flags) for each in blocks_of(page)]
    return [statement for tree in trees for statement in tree.body]


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_imports_is_there(page: str) -> None:
    for statement in statements(page):
        if isinstance(statement, ast.ImportFrom):
            if (statement.module or "").split(".")[0] in OWN:
                continue
        elif not isinstance(statement, ast.Import):
            continue
        exec(compile(ast.Module([statement], []), page, "exec"), {})
