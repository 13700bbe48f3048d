"""The program: finds the verb, reads its options, runs it."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

from twistedmq import __version__
from twistedmq.app.command import begin, output_to_a_shell, run_in_reactor
from twistedmq.app.mqadmin import exits, parsing, table
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.verbs import Verb
from twistedmq.app.quick_imports import needless_left_out

HELP = ("-h", "--help", "help")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit."""
    with output_to_a_shell():
        _main(list(sys.argv[1:] if arguments is None else arguments))
    raise AssertionError("it has exited")


def _main(words: list[str]) -> NoReturn:
    if words and words[0] == "--version":
        sys.stdout.write(f"{__version__}\n")
        sys.exit(exits.DONE)
    if words and words[0].startswith("--completion"):
        parsing.whole_parser().parse_args(words)
    if not words or (words[0] in HELP and len(words) == 1):
        sys.stdout.write(parsing.overview())
        sys.exit(exits.DONE)
    if words[0] in HELP:
        words = [*words[1:], "-h"]
    with needless_left_out():
        verb = table.find(words[0])
    if verb is None:
        exits.wrong_usage("mqadmin", _unknown(words[0]), json="--json" in words)
    options = parsing.parse(verb, words[1:])
    run_in_reactor(lambda reactor: run_verb(reactor, verb, options))


def run_verb(
    reactor: Any,
    verb: Verb,
    options: argparse.Namespace,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> Any:
    """Give the Deferred of the verb; it fails with SystemExit unless all went well."""
    output = Output(out or sys.stdout, err or sys.stderr, json=options.json)

    def failed(error: Exception) -> int:
        output.problem(error)
        return output.status

    running = _run(reactor, verb, options, output)
    ends = not verb.endless and _interval_s(verb, options) is None
    return begin(running, "mqadmin", failed, verbose=options.verbose, ends=ends)


async def _run(
    reactor: Any, verb: Verb, options: argparse.Namespace, output: Output
) -> None:
    from twistedmq.admin.client import Admin  # noqa: PLC0415
    from twistedmq.client.errors import NoNameServerError  # noqa: PLC0415
    from twistedmq.protocol.errors import InvalidParameterError  # noqa: PLC0415

    servers, settings = options.namesrv_addr, options.settings
    try:
        admin = Admin(servers, reactor=reactor, settings=settings)
    except NoNameServerError as error:
        # nobody was asked yet: it is the text that names none
        raise InvalidParameterError(f"{error}") from None
    async with admin:
        await verb.run(admin, options, output)
        while (interval_s := _interval_s(verb, options)) is not None:
            output.flush()
            output.rounds += 1
            await _sleep(reactor, interval_s)
            await verb.run(admin, options, output)
    if output.status != exits.DONE:
        output.flush()
        raise SystemExit(output.status)


def _interval_s(verb: Verb, options: argparse.Namespace) -> int | None:
    """Give after how many seconds the verb runs again; None: it does not."""
    if not verb.repeats:
        return None
    given: int | None = options.interval
    return verb.every_s if given is None else given


async def _sleep(reactor: Any, seconds: float) -> None:
    from twisted.internet.task import deferLater  # noqa: PLC0415

    await deferLater(reactor, seconds)


def _unknown(name: str) -> str:
    reason = table.why_not(name)
    if reason is not None:
        return f"{name} is not there: {reason}"
    return f"there is no verb {name!r}; mqadmin help lists them"


if __name__ == "__main__":
    main()
