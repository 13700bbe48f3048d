"""What the clients can do from Twisted they can do from asyncio, by the same names."""

import importlib
import inspect
from functools import cached_property

import admin_faces
import pytest
from source_tree import PACKAGE, dotted

import twistedmq
from twistedmq import aio
from twistedmq.aio.face import Face
from twistedmq.client.startable import Startable

CLIENTS = [
    importlib.import_module(dotted(path))
    for room in ("client", "admin")
    for path in (PACKAGE / room).glob("*.py")
]
OF_THE_FACE = {"start", "close"}
OF_THE_CORE = {"take_back"}
"""What the faces themselves need."""


def cores() -> list[type]:
    """Give the classes that users start."""
    return [
        value
        for module in CLIENTS
        for name, value in vars(module).items()
        if not name.startswith("_")
        and isinstance(value, type)
        and value.__module__ == module.__name__
        and issubclass(value, Startable)
        and not inspect.isabstract(value)
    ]


def public(core: type) -> set[str]:
    """Give what a class can do: its own names and those of its bases."""
    names = {
        name
        for name in dir(core)
        if not name.startswith("_")
        and not isinstance(inspect.getattr_static(core, name), cached_property)
    }
    if hasattr(core, "__aiter__"):
        names.add("__aiter__")
    return names - OF_THE_FACE - OF_THE_CORE


def line(core: type, name: str) -> str:
    """Give the line that is missing."""
    found = inspect.getattr_static(core, name)
    if isinstance(found, property):
        return f"a property {name}"
    if name == "__aiter__":
        return "__aiter__, giving twistedmq.aio.iteration.Iteration(...)"
    maker = "gives_future" if admin_faces.waits(found) else "passed_on"
    return f"{name} = {maker}(Core.{name})"


def missing(core: type, face: type) -> list[str]:
    return [line(core, name) for name in sorted(public(core) - set(dir(face)))]


@pytest.mark.parametrize("core", cores(), ids=lambda core: core.__name__)
def test_each_client_has_its_face(core: type) -> None:
    face = getattr(aio, core.__name__, None)
    assert face, f"twistedmq.aio has no {core.__name__}; see twistedmq/aio/producer.py"
    assert issubclass(face, Face)
    assert not missing(core, face), f"to be added to twistedmq.aio.{core.__name__}"


def test_the_parts_of_an_admin_have_theirs() -> None:
    """Where this fails: ``python tests/support/admin_faces.py`` writes that file."""
    assert admin_faces.TARGET.read_text("utf-8") == admin_faces.written()


def test_what_the_package_offers_is_offered_there_too() -> None:
    assert set(twistedmq.__all__) - set(aio.__all__) <= {"__version__"}
