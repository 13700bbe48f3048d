"""What the page on moving over names is there."""

import inspect
import keyword
import re
from collections.abc import Iterator

import pytest
from source_tree import PROJECT

import twistedmq
from twistedmq import aio
from twistedmq.client import errors
from twistedmq.client.packing import PackingRules
from twistedmq.client.tls import client_security
from twistedmq.client.window import Limits

PAGE = (PROJECT / "docs" / "migrate.md").read_text("utf-8")
THINGS = [PackingRules, client_security, Limits, *vars(errors).values()]


def here() -> Iterator[str]:
    """Give the code in the right columns."""
    for row in re.findall(r"^\|(.*)\|$", PAGE, re.M):
        right = re.sub(r"\{doc\}`\w+`", "", row.replace(r"\|", "/")).split("|")[-1]
        yield from re.findall(r"`([^`]+)`", right)


def known() -> set[str]:
    """Give all names that a user of the package may write."""
    offered = [getattr(aio, name) for name in aio.__all__] + THINGS
    names = {*aio.__all__, *twistedmq.__all__}
    for thing in offered:
        names.add(getattr(thing, "__name__", ""))
        names.update(dir(thing))
        if callable(thing):
            try:
                names.update(inspect.signature(thing).parameters)
            except ValueError:
                continue
    for face in (aio.Producer, aio.Consumer, aio.PullConsumer, aio.SimpleConsumer):
        for method in vars(face).values():
            if inspect.isfunction(method):
                names.update(inspect.signature(method).parameters)
    return names


PLACEHOLDERS = {
    "producer", "consumer", "message", "function", "callback", "work", "topic",
    "group", "handle", "body", "level", "seconds",
    "name", "value", "keys", "properties",
}  # fmt: skip
PYTHON = {*keyword.kwlist, "asyncio", "to_thread", "twistedmq", "aio", "NAMESRV_ADDR"}


@pytest.mark.parametrize("code", sorted(set(here())))
def test_each_name_is_there(code: str) -> None:
    words = re.sub(r'b?"[^"]*"', "", code)
    named = set(re.findall(r"[A-Za-z_][A-Za-z_0-9]*", words))
    assert not named - known() - PLACEHOLDERS - PYTHON
