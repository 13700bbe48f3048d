"""What makes commands start sooner: most of a call is imports, and most of those are
of what Twisted could need, but a command does not.
"""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import Final

WHEN_TOUCHED: Final = frozenset({"http.cookiejar"})
"""Twisted imports it to pass it on to Python 2 programs: with it come urllib, the HTTP
client and the parser of mail.
"""


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


@contextmanager
def needless_left_out() -> Iterator[None]:
    """Have Twisted imported without what a command does not need.

    OpenSSL is left out where nobody has asked for TLS so far: the reactor brings it
    along for ``connectSSL`` and ``startTLS``, which nothing here uses, and that is a
    quarter of the time of a whole command. Connections with TLS import it themselves
    (see ``twistedmq.remoting.security``).
    """
    finder = _WhenTouched()
    sys.meta_path.insert(0, finder)
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    is_left_out = "OpenSSL" not in modules
    if is_left_out:
        # so imports of it fail, which Twisted takes for a machine that lacks it
        modules["OpenSSL"] = None
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if is_left_out:
            del modules["OpenSSL"]


class _WhenTouched:
    """Finds modules that are loaded when something in them is looked at.

    Not a subclass of ``MetaPathFinder``: importing that takes as long as is saved here.
    """

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Give how to load it; None for all others."""
        if fullname not in WHEN_TOUCHED:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec
