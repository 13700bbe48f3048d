"""``rmq top``: how busy a cluster is, again and again."""

import os
from argparse import Namespace
from collections.abc import Callable
from typing import Any, Protocol, TextIO

import msgspec
from twisted.internet.task import deferLater

from twistedmq.admin.client import Admin
from twistedmq.admin.loads import ClusterLoad, load
from twistedmq.app import rmq_top_text
from twistedmq.app.screen import Screen


class View(Protocol):
    """Where pictures of the cluster go."""

    def show(self, picture: ClusterLoad) -> None:
        """Show one; it takes the place of the one before, or follows it."""

    def close(self) -> None:
        """Leave all as it was before the first."""


async def top(reactor: Any, options: Namespace, out: TextIO) -> None:
    """Show brokers, topics and groups, until somebody has seen enough."""
    view = view_for(options, out)
    try:
        async with Admin(
            options.namesrv, reactor=reactor, settings=options.settings
        ) as admin:
            before = None
            now = await admin.samples.take()
            # a single picture waits for the second sample: rates need two
            while not (options.once and before is not None):
                if not options.once:
                    view.show(load(before, now, system=options.all))
                await deferLater(reactor, options.interval)
                before, now = now, await admin.samples.take(now)
            view.show(load(before, now, system=options.all))
    finally:
        view.close()


def view_for(options: Namespace, out: TextIO) -> View:
    """Give how it is shown: for programs, on a terminal, or line after line."""
    if options.json:
        return JsonView(options, out)
    if not options.once and out.isatty() and os.environ.get("TERM") != "dumb":
        return LiveView(options, Screen(out, size_of(out)))
    return TableView(options, out)


def size_of(out: TextIO) -> Callable[[], os.terminal_size]:
    """Give what tells columns and lines of a terminal, as they are at that time."""
    return lambda: os.get_terminal_size(out.fileno())


class JsonView:
    """One object; without ``--once`` one a line each time."""

    def __init__(self, options: Namespace, out: TextIO) -> None:
        self._options = options
        self._out = out

    def show(self, picture: ClusterLoad) -> None:
        """Write it."""
        chosen = rmq_top_text.chosen(picture, self._options.sort, self._options.limit)
        text = msgspec.json.encode(chosen)
        if self._options.once:
            text = msgspec.json.format(text)
        self._out.write(text.decode() + "\n")
        self._out.flush()

    def close(self) -> None:
        """Nothing was changed."""


class TableView:
    """Tables one after another, with all columns."""

    def __init__(self, options: Namespace, out: TextIO) -> None:
        self._options = options
        self._out = out
        self._is_first = True

    def show(self, picture: ClusterLoad) -> None:
        """Write it below the one before."""
        if not self._is_first:
            self._out.write("\n")
        self._is_first = False
        limit = self._options.limit or rmq_top_text.USUAL_LIMIT
        chosen = rmq_top_text.chosen(picture, self._options.sort, limit)
        lines = rmq_top_text.lines(chosen, picture)
        self._out.write("".join(f"{line.text}\n" for line in lines))
        self._out.flush()

    def close(self) -> None:
        """Nothing was changed."""


class LiveView:
    """A picture that takes the place of the one before."""

    def __init__(self, options: Namespace, screen: Screen) -> None:
        self._options = options
        self._screen = screen

    def show(self, picture: ClusterLoad) -> None:
        """Draw as much of it as there is room for."""
        columns, height = self._screen.size()
        of_each = rmq_top_text.rows_for(picture, height, self._options.limit)
        chosen = rmq_top_text.chosen(picture, self._options.sort, of_each)
        self._screen.draw(rmq_top_text.lines(chosen, picture, columns))

    def close(self) -> None:
        """Give the terminal back."""
        self._screen.close()
