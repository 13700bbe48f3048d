"""What makes commands start sooner: most of a call is imports, and most of those are
of what Twisted could need, but a command does not.
"""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import Any, Final

WHEN_TOUCHED: Final = frozenset(
    {"http.cookiejar", "pickle", "twisted.internet.udp", "twisted.internet.unix"}
)
"""Modules that are imported and, by most commands, not used.

With the first, which Twisted passes on to Python 2 programs, come urllib, the HTTP
client and the parser of mail.
"""
LEFT_OUT: Final = ("OpenSSL",) if sys.platform == "win32" else ("OpenSSL", "ctypes")
"""What Twisted does without where it is missing, or, for the second, has no use for."""
IN_PART: Final = "asyncio"
"""The package of which Twisted's Deferreds need two types and a function."""


@contextmanager
def imports_uncollected() -> Iterator[None]:
    """Keep the collector from looking through all that is imported, again and again.

    Until it is enabled, or until this is left.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def collect_from_now() -> None:
    """Enable the collector, and have it pass over all that is there."""
    gc.freeze()
    gc.enable()


@contextmanager
def needless_left_out() -> Iterator[None]:
    """Have Twisted imported without what a command does not need.

    OpenSSL is left out where nobody has asked for TLS so far: the reactor brings it
    along for ``connectSSL`` and ``startTLS``, which nothing here uses, and that is a
    quarter of the time of a whole command. Connections with TLS import it themselves
    (see ``twistedmq.remoting.security``). Of asyncio comes what Deferreds mention, and
    the rest when it is asked for.
    """
    finder = _LeavingOut()
    sys.meta_path.insert(0, finder)
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    left_out = [name for name in LEFT_OUT if name not in modules]
    # so imports of them fail, which Twisted takes for a machine that lacks them
    modules.update(dict.fromkeys(left_out))
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in left_out:
            del modules[name]


class _LeavingOut:
    """Finds modules of which nothing, or not all, is loaded before it is looked at.

    Not a subclass of ``MetaPathFinder``: importing that takes as long as is saved here.
    """

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Give how to load it; None for all others."""
        if fullname not in WHEN_TOUCHED and fullname != IN_PART:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            make: Any = _InPart if fullname == IN_PART else LazyLoader
            spec.loader = make(spec.loader)
        return spec


class _InPart:
    """Loads of asyncio what Deferreds mention; the rest is left to the module itself.

    Not a subclass of ``Loader``, for the same reason.
    """

    def __init__(self, whole: Any) -> None:
        self.whole = whole

    def create_module(self, _spec: ModuleSpec) -> None:
        """Leave it to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Give it those names, each as the whole package has it."""
        from asyncio.coroutines import iscoroutine  # noqa: PLC0415
        from asyncio.events import AbstractEventLoop  # noqa: PLC0415

        try:
            from _asyncio import Future  # noqa: PLC0415
        except ImportError:  # a Python without it written in C
            from asyncio.futures import Future  # noqa: PLC0415
        vars(module).update(
            iscoroutine=iscoroutine, AbstractEventLoop=AbstractEventLoop, Future=Future
        )
        module.__class__ = _Partial


class _Partial(ModuleType):
    """A package that is loaded as a whole once something is asked for that it lacks."""

    def __getattr__(self, name: str) -> Any:
        """Load it, unless a module in it was asked for; and give that."""
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)  # asked by what looks at modules
        try:
            return import_module(f"{self.__name__}.{name}")
        except ModuleNotFoundError:
            self.__class__ = ModuleType  # type: ignore[assignment]
            if self.__spec__ is not None and isinstance(self.__spec__.loader, _InPart):
                self.__spec__.loader.whole.exec_module(self)
        return getattr(self, name)
