import gc

import pytest
from processes import python

from twistedmq.app.quick_imports import imports_uncollected


def run(*lines: str) -> None:
    """Run a program of a command's first lines, which must end well."""
    begin = ("import sys", "from twistedmq.app.quick_imports import needless_left_out")
    done = python("-c", "\n".join([*begin, *lines]))
    assert done.returncode == 0, done.stderr


def test_imports_are_not_collected() -> None:
    with imports_uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(KeyError), imports_uncollected():
        raise KeyError
    assert gc.isenabled()


def test_the_reactor_comes_without_openssl_which_is_there_for_who_asks() -> None:
    run(
        "with needless_left_out():",
        "    from twisted.internet import reactor",
        "assert 'OpenSSL' not in sys.modules",
        "from twisted.internet.endpoints import wrapClientTLS",
        "assert sys.modules['OpenSSL'].SSL",
    )


def test_openssl_stays_where_it_is_in_use() -> None:
    run(
        "import OpenSSL.SSL",
        "with needless_left_out():",
        "    from OpenSSL.SSL import Context",
    )


def test_what_is_loaded_when_touched_can_be_used() -> None:
    run(
        "with needless_left_out():",
        "    from twisted.python.compat import cookielib",
        "assert 'urllib.request' not in sys.modules",
        "import http.cookiejar",
        "assert http.cookiejar.CookieJar is cookielib.CookieJar",
        "assert 'urllib.request' in sys.modules",
    )


def test_it_leaves_nothing_behind() -> None:
    run(
        "before = [*sys.meta_path]",
        "try:",
        "    with needless_left_out(): raise KeyError",
        "except KeyError: pass",
        "assert sys.meta_path == before",
        "import OpenSSL",
    )
