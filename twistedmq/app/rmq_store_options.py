"""The command line of ``rmq store``. Imports nothing heavy: see ``rmq``."""

import argparse
import os
import re
from datetime import datetime
from typing import Any

from twistedmq.app.rmq_arguments import offset, positive

_NO_STORE = "the root directory of a store"


def add_store(verbs: Any) -> None:
    """Add the verb and its own verbs."""
    store = verbs.add_parser(
        "store", help="look into the directory of a store, without a broker"
    )
    actions = store.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(name: str, told: str) -> argparse.ArgumentParser:
        action: argparse.ArgumentParser = actions.add_parser(name, help=told)
        action.add_argument("directory", metavar="DIR", help=_NO_STORE)
        action.add_argument(
            "--log",
            type=_folders,
            default=[],
            metavar="DIR,DIR",
            help="where the commit log is, if not in DIR/commitlog",
        )
        action.add_argument(
            "--json", action="store_true", help="JSON objects, one a line"
        )
        return action

    add("ls", "topics and queues with bounds, sizes and times")
    add("stat", "files, sizes, marks, and what wrote them")
    cat = add("cat", "messages of a queue, a range or a time")
    _add_choice(cat)
    cat.add_argument("--from", dest="start", type=offset, metavar="QUEUE_OFFSET")
    cat.add_argument("--to", dest="stop", type=offset, metavar="QUEUE_OFFSET")
    cat.add_argument("--physical", type=_range, metavar="FROM:TO")
    cat.add_argument("--count", type=positive, help="end after so many messages")
    grep = add("grep", "messages by key, tag, property or body")
    _add_choice(grep)
    grep.add_argument("--key", help="one of its keys, or its unique key")
    grep.add_argument("--tag")
    grep.add_argument("--property", type=_property, metavar="NAME=VALUE")
    grep.add_argument("--body", type=_pattern, metavar="REGEX")
    grep.add_argument("--count", type=positive, help="end after so many messages")
    as_of = add("as-of", "offsets of queues, and the lag of groups, at a time")
    as_of.add_argument("time", type=_time, metavar="TIME")
    verify = add("verify", "find faults; status 1 if there are any")
    _add_levels(verify)
    repair = add("repair", "say what would mend the faults; --yes does it")
    _add_levels(repair)
    repair.add_argument("--yes", action="store_true", help="do it")
    explain = add("explain", "everything about one record")
    explain.add_argument("place", metavar="OFFSET|MESSAGE_ID")
    export = add("export", "messages as JSON lines, Arrow or Parquet")
    _add_choice(export)
    export.add_argument(
        "--format", choices=("json", "arrow", "parquet"), default="json"
    )
    export.add_argument(
        "--output", metavar="FILE", help="default: standard output (JSON only)"
    )


def _add_choice(action: argparse.ArgumentParser) -> None:
    action.add_argument("--topic")
    action.add_argument("--queue", type=offset, metavar="ID")
    action.add_argument(
        "--since", type=_time, metavar="TIME", help="stored then or later"
    )
    action.add_argument("--until", type=_time, metavar="TIME", help="stored before")


def _add_levels(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "--delay-levels",
        metavar="LEVELS",
        type=_levels,
        help="messageDelayLevel of the broker, if not the default",
    )


def problem_with(options: argparse.Namespace) -> str:
    """Say which options do not go together; "" if all do."""
    if (
        options.action == "cat"
        and (options.start, options.stop) != (None, None)
        and None in (options.topic, options.queue)
    ):
        return "--from and --to need --topic and --queue"
    if options.action == "export" and options.format != "json" and not options.output:
        return f"--format {options.format} needs --output"
    return ""


def _folders(text: str) -> list[str]:
    parts = text.split("," if "," in text else os.pathsep)
    return [part for part in parts if part]


def _range(text: str) -> tuple[int | None, int | None]:
    first, colon, last = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"{text!r} is not FROM:TO")
    return offset(first) if first else None, offset(last) if last else None


def _time(text: str) -> int:
    """Give milliseconds since 1970."""
    if text.isascii() and text.isdigit() and len(text) > 8:
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time like '2026-11-26 09:00' or milliseconds since 1970"
        ) from None
    return round(at.timestamp() * 1000)


def _property(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _pattern(text: str) -> "re.Pattern[bytes]":
    try:
        return re.compile(text.encode())
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no pattern: {error}") from None


def _levels(text: str) -> str:
    if not re.fullmatch(r"\d+[smhd]( \d+[smhd])*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not like '1s 5s 10m 2h'")
    return text
