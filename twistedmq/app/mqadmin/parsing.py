"""From a command line to options.

The genuine tool also takes a long name after one dash, and a value that begins with a
dash; both are rewritten before ``argparse`` reads them.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

from twistedmq.app.client_file import add_config
from twistedmq.app.completion import add_completion
from twistedmq.app.mqadmin import exits, table
from twistedmq.app.mqadmin.verbs import NAMESRV, Option, Verb, boolean, integer, seconds

KINDS: dict[object, str] = {
    integer: "NUMBER",
    seconds: "SECONDS",
    boolean: "true|false",
}
"""What stands for a value in the help."""


class Parser(argparse.ArgumentParser):
    """Tells wrong usage in one line, with the status of the genuine tool."""

    is_json = False
    """Whether a program reads what is wrong."""

    def __init__(self, **given: Any) -> None:
        super().__init__(formatter_class=_unmeasured, **given)

    def format_help(self) -> str:
        """Give the help, as wide as the terminal."""
        self.formatter_class = argparse.HelpFormatter
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        problem = f"{message} (see {self.prog} -h)"
        exits.wrong_usage(self.prog, problem, json=self.is_json)


def _unmeasured(prog: str) -> argparse.HelpFormatter:
    """Give what checks options as they are added, and need not measure the terminal."""
    return argparse.HelpFormatter(prog, width=80)


def parse(verb: Verb, arguments: Sequence[str]) -> argparse.Namespace:
    """Read what the user said to *verb*; ends the program where that is wrong."""
    parser = parser_of(verb)
    parser.is_json = "--json" in arguments
    return parser.parse_args(list(_rewritten(verb, arguments)))


def parser_of(verb: Verb) -> Parser:
    """Give the parser of one verb's arguments."""
    parser = Parser(prog=f"mqadmin {verb.name}", description=f"{verb.help}.")
    add_options(parser, verb)
    return parser


def whole_parser() -> Parser:
    """Give a parser of all verbs, for what completes words in a shell."""
    parser = Parser(prog="mqadmin")
    add_completion(parser)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in table.every():
        add_options(verbs.add_parser(verb.name, help=verb.help), verb)
    return parser


def add_options(parser: argparse.ArgumentParser, verb: Verb) -> None:
    """Put the options of *verb* into *parser*, and those that all verbs have."""
    group = None
    if verb.one_of:
        group = parser.add_mutually_exclusive_group(required=True)
    for option in _options(verb):
        help = option.help.replace("%", "%%")
        into = group if group and option.short in verb.one_of else parser
        if option.kind is None:
            into.add_argument(
                *option.names,
                dest=option.attribute,
                action="store_true",
                help=help,
            )
        else:
            into.add_argument(
                *option.names,
                dest=option.attribute,
                type=option.kind,
                required=option.required,
                metavar=KINDS.get(option.kind, "VALUE"),
                help=help,
            )
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="JSON, for programs")
    parser.add_argument("--verbose", action="store_true", help="log what happens")


def _options(verb: Verb) -> Iterable[Option]:
    has_own = any(option.short == NAMESRV.short for option in verb.options)
    return verb.options if has_own else [*verb.options, NAMESRV]


def _rewritten(verb: Verb, arguments: Sequence[str]) -> Iterator[str]:
    """Give the arguments as ``argparse`` takes them."""
    options = {name: o for o in _options(verb) for name in o.names}
    known = {"-h", "--help", "--config", "--json", "--verbose", *options}

    def spelled(argument: str) -> str:
        doubled = f"-{argument}"
        return doubled if argument.startswith("-") and doubled in known else argument

    waiting: Option | None = None  # for its value
    for argument in map(spelled, arguments):
        if waiting is not None and argument not in known:
            yield f"--{waiting.long}={argument}"
            waiting = None
            continue
        if waiting is not None:
            yield waiting.names[0]
        option = options.get(argument)
        waiting = option if option is not None and option.kind is not None else None
        if waiting is None:
            yield argument
    if waiting is not None:
        yield waiting.names[0]


def overview() -> str:
    """Give the list of all verbs."""
    lines = ["mqadmin VERB [-n HOST:PORT;...] [--json] ...", ""]
    verbs = sorted(table.every(), key=lambda verb: verb.name.lower())
    lines += [f"   {verb.name:<35} {verb.help}" for verb in verbs]
    lines += ["", "mqadmin help VERB tells the options of a verb."]
    return "".join(f"{line}\n" for line in lines)
