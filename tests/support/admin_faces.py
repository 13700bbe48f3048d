"""Writes ``twistedmq/aio/admin_parts.py``: the parts of an Admin as asyncio sees them.

Operators' calls are many and all alike, so nobody writes these lines:
``python tests/support/admin_faces.py``.
"""

import inspect
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from twisted.internet.task import Clock

from twistedmq.admin.client import Admin
from twistedmq.client.session import ClientSettings

TARGET = Path(__file__).resolve().parents[2] / "twistedmq" / "aio" / "admin_parts.py"
WIDTH = 88

HEAD = (
    '"""The parts of an Admin for asyncio; tests/support/admin_faces.py writes it."""'
)


def parts() -> dict[str, type]:
    """Give the parts of an Admin: attribute to class."""
    admin = Admin("192.0.2.1:9876", settings=ClientSettings(reactor=Clock()))
    return {
        name: type(getattr(admin, name))
        for name, value in vars(Admin).items()
        if isinstance(value, cached_property) and not name.startswith("_")
    }


def waits(method: object) -> bool:
    """Whether what a method gives has to be awaited."""
    method = inspect.unwrap(method)  # type: ignore[arg-type]
    notes = str(getattr(method, "__annotations__", {}).get("return", ""))
    return inspect.iscoroutinefunction(method) or "Deferred" in notes


def methods(core: type) -> Iterator[tuple[str, object]]:
    """Give the public methods of a part, in the order of its source."""
    for each in reversed(core.__mro__):
        for name, value in vars(each).items():
            if not name.startswith("_") and inspect.isfunction(value):
                yield name, value


def whole_line(before: str, argument: str) -> str:
    """Give ``before(argument)``, laid out as the formatter would."""
    line = f"    {before}({argument})"
    if len(line) <= WIDTH:
        return line
    return f"    {before}(\n        {argument}\n    )"


def face(core: type) -> str:
    """Give the class of one part."""
    where = f"``{core.__module__}.{core.__name__}``"
    lines = [f"class {core.__name__}(LoopBound):", f'    """See {where}."""', ""]
    for name, method in methods(core):
        maker = "gives_future" if waits(method) else "passed_on"
        lines.append(whole_line(f"{name} = {maker}", f"Core{core.__name__}.{name}"))
    return "\n".join(lines)


def written() -> str:
    """Give the text of the file."""
    found = parts()
    classes = sorted(found.values(), key=lambda core: core.__module__)
    makers = sorted(
        {
            "gives_future" if waits(method) else "passed_on"
            for core in classes
            for _, method in methods(core)
        }
    )
    imports = [
        f"from {core.__module__} import {core.__name__} as Core{core.__name__}"
        for core in classes
    ]
    imports.append(
        f"from twistedmq.aio.face import {', '.join(['LoopBound', *makers])}"
    )
    holder = [
        "class AdminParts:",
        '    """What an Admin has: its attributes."""',
        "",
        "    def __init__(self, core: CoreAdmin) -> None:",
        *(
            f"        self.{name} = {core.__name__}(core.{name})"
            for name, core in found.items()
        ),
    ]
    admin = "from twistedmq.admin.client import Admin as CoreAdmin"
    blocks = ["\n".join(sorted([*imports, admin]))]
    blocks += [face(core) for core in classes] + ["\n".join(holder)]
    return HEAD + "\n\n" + "\n\n\n".join(blocks) + "\n"


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
    print(f"{TARGET} is written")
