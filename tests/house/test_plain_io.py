"""What only one system has, has an ordinary path beside it, chosen at start."""

import ast

import pytest
from source_tree import PACKAGE, imports, modules, tree

NAMES = """
preadv pwritev posix_fallocate posix_fadvise fallocate copy_file_range sendfile sendmsg
recvmsg pread pwrite fdatasync O_DIRECT O_DSYNC RWF_NOWAIT O_DIRECTORY memfd_create
splice
"""
SPECIAL = frozenset(NAMES.split())
"""Attributes of os and socket that not every system has."""

ASKED_FOR = {"store/platform.py", "store/files_layer.py", "remoting/capabilities.py"}
"""Where it is found out what there is, and the file layer that is told."""

TOLD = {"remoting/outbox.py"}
"""Modules that are given capabilities, and look at them before each use."""


def used_in(name: str) -> set[str]:
    path = PACKAGE / name
    return {
        node.attr
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in SPECIAL
    }


@pytest.mark.parametrize(
    "name", [path.relative_to(PACKAGE).as_posix() for path in modules()]
)
def test_system_calls_that_not_all_have_are_in_known_places(name: str) -> None:
    used = used_in(name)
    assert not used or name in ASKED_FOR | TOLD, used


def test_unix_modules_are_imported_only_when_used() -> None:
    unix = {"fcntl", "resource", "grp", "pwd", "termios"}
    eager = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if unix & set(imports(path, top_level=True))
    }
    assert not eager
