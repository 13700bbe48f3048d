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


def test_of_asyncio_comes_what_deferreds_mention() -> None:
    run(
        "with needless_left_out():",
        "    from twisted.internet.defer import Deferred, Future, iscoroutine",
        "assert 'asyncio.base_events' not in sys.modules",
        "assert 'ssl' not in sys.modules",
        "whole = {**vars(sys.modules['asyncio'])}",
        "import asyncio",
        "assert not hasattr(asyncio, '__no_such__')",
        "assert 'asyncio.base_events' not in sys.modules",
        "async def program():",
        "    future = asyncio.get_running_loop().create_future()",
        "    assert isinstance(future, Future)",
        "    future.set_result(7)",
        "    return await asyncio.wait_for(Deferred.fromFuture(future).asFuture(",
        "        asyncio.get_running_loop()), 10)",
        "assert asyncio.run(program()) == 7",
        "assert all(getattr(asyncio, name) is whole[name] for name in",
        "    ('Future', 'AbstractEventLoop', 'iscoroutine', 'events'))",
    )


@pytest.mark.parametrize(
    "line",
    [
        "from asyncio import *; assert run and Task",
        "from asyncio import tasks; assert tasks.Task",
        "import asyncio.tasks; assert asyncio.tasks.Task and asyncio.sleep",
        "from asyncio.base_events import BaseEventLoop; import asyncio; asyncio.run",
    ],
)
def test_the_rest_of_asyncio_comes_when_it_is_asked_for(line: str) -> None:
    run("with needless_left_out(): import twisted.internet.defer", line)
    run("with needless_left_out():", "    import twisted.internet.defer", f"    {line}")


def test_asyncio_stays_as_it_is_where_it_is_in_use() -> None:
    run(
        "import asyncio.tasks",
        "with needless_left_out(): import twisted.internet.defer",
        "assert type(asyncio) is type(sys) and asyncio.run",
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
