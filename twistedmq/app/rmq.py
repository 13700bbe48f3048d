"""The ``rmq`` command, for people: messages, groups, offsets, clients, stores.

Exit status: 0 good, 1 failed, 2 wrong usage, 130 called off by a signal. What it does
is imported when it is asked for, so that ``rmq --help`` is there at once.
"""

import argparse
import sys
from collections.abc import Coroutine, Sequence
from importlib import import_module
from typing import Any, NoReturn

from twistedmq import __version__
from twistedmq.app.client_file import add_config
from twistedmq.app.command import begin, output_to_a_shell, run_in_reactor
from twistedmq.app.completion import add_completion
from twistedmq.app.rmq_arguments import name_and_value, offset, positive
from twistedmq.app.rmq_operator_options import add_check, add_operator_verbs, add_tls
from twistedmq.app.rmq_problems import tell
from twistedmq.app.rmq_store_options import add_store

FROM = ("first", "last", "recent")
ENDLESS = ("tail", "top")
"""Verbs that go on until a signal comes, which is no failure then."""
WITHOUT_REACTOR = ("check", "store", "tls")
"""Verbs about files, or about one port."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit."""
    with output_to_a_shell():
        options = make_parser().parse_args(arguments)
        if options.verb in WITHOUT_REACTOR:
            sys.exit(import_module(f"twistedmq.app.rmq_{options.verb}").run(options))
        run_in_reactor(lambda reactor: run_verb(reactor, options))


def make_parser() -> argparse.ArgumentParser:
    """Give the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="rmq",
        description="Send and read messages of a RocketMQ cluster; look into stores.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    add_completion(parser)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add_send(verbs)
    _add_tail(verbs)
    _add_topics(verbs)
    _add_groups(verbs)
    add_operator_verbs(verbs, _add_common)
    add_store(verbs)
    add_check(verbs)
    add_tls(verbs)
    return parser


def run_verb(reactor: Any, options: argparse.Namespace) -> Any:
    """Give the Deferred of the verb; it fails with SystemExit where the verb fails."""
    verb = _verb(reactor, options)
    return begin(
        verb,
        "rmq",
        lambda error: tell(error, options),
        verbose=options.verbose,
        ends=options.verb not in ENDLESS or getattr(options, "once", False),
    )


def _verb(reactor: Any, options: argparse.Namespace) -> Coroutine[Any, Any, None]:
    """Import what the verb needs, and no more."""
    # the file and the function of a verb are called as it is
    module = import_module(f"twistedmq.app.rmq_{options.verb}")
    verb: Coroutine[Any, Any, None]
    if options.verb == "send":
        verb = module.send(reactor, options, sys.stdout, sys.stdin.buffer)
    else:
        verb = getattr(module, options.verb)(reactor, options, sys.stdout)
    return verb


def _add_send(verbs: Any) -> None:
    send = verbs.add_parser("send", help="send a message")
    send.add_argument("topic")
    send.add_argument("body", help="the body; - takes it from standard input")
    send.add_argument("--tag", help="what consumers can filter by")
    send.add_argument("--key", action="append", default=[], help="may be repeated")
    send.add_argument(
        "--property",
        action="append",
        default=[],
        type=name_and_value,
        metavar="NAME=VALUE",
        help="may be repeated",
    )
    send.add_argument("--count", type=positive, default=1, help="send it so many times")
    _add_common(send)


def _add_tail(verbs: Any) -> None:
    tail = verbs.add_parser(
        "tail", help="print messages as they come; nothing is committed"
    )
    tail.add_argument("topic")
    tail.add_argument("--tag", default="*", metavar="EXPR", help="a tag, or 'a || b'")
    tail.add_argument(
        "--from",
        dest="start",
        type=_start,
        default="recent",
        metavar="WHERE",
        help="first, last, an offset in each queue, or recent (default): the last ten "
        "of each queue",
    )
    tail.add_argument("--count", type=positive, help="end after so many messages")
    tail.add_argument("--json", action="store_true", help="one JSON object a line")
    _add_common(tail)


def _add_topics(verbs: Any) -> None:
    topics = verbs.add_parser("topics", help="list the topics")
    topics.add_argument("--all", action="store_true", help="also those of the system")
    topics.add_argument("--json", action="store_true", help="a JSON array")
    _add_common(topics)


def _add_groups(verbs: Any) -> None:
    groups = verbs.add_parser(
        "groups", help="list the consumer groups, or show all that is known of some"
    )
    groups.add_argument("group", nargs="*", help="only this one, with its members")
    groups.add_argument("--all", action="store_true", help="also those of the system")
    groups.add_argument("--json", action="store_true", help="a JSON array")
    _add_common(groups)


def _add_common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "-n",
        "--namesrv",
        metavar="HOST:PORT;...",
        help="name servers; default: those of --config, then $NAMESRV_ADDR, then "
        "127.0.0.1:9876",
    )
    add_config(verb)
    verb.add_argument("--verbose", action="store_true", help="log what happens")


def _start(text: str) -> str | int:
    if text in FROM:
        return text
    try:
        return offset(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not first, last, recent or an offset"
        ) from None


if __name__ == "__main__":
    main()
