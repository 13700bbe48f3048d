"""``rmq store``: reads stores that no broker holds. Runs without a reactor.

Exit status: 0 good, 1 failed or faults found, 2 wrong usage or no store.
"""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, TextIO

from msgspec import to_builtins

from twistedmq.app import rmq_store_text as text
from twistedmq.app.rmq_progress import Bar
from twistedmq.app.rmq_store_export import write_columns
from twistedmq.app.rmq_store_options import problem_with
from twistedmq.app.rmq_table import size_text
from twistedmq.app.whole_file import whole_file
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.offline.directory import StoreDirectory
from twistedmq.store.offline.explaining import Explainer, offset_of
from twistedmq.store.offline.findings import Finding
from twistedmq.store.offline.messages import Message, MessageReader, Selection
from twistedmq.store.offline.overview import Overview
from twistedmq.store.offline.repair import Repair, Repairer, make_plan
from twistedmq.store.offline.tables import committed
from twistedmq.store.offline.verification import DEFAULT_DELAY_LEVELS, Verification

GOOD: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2

Action = Callable[[StoreDirectory, Namespace, TextIO], int]


def run(
    options: Namespace, out: TextIO | None = None, error: TextIO | None = None
) -> int:
    """Do what *options* say; gives the exit status."""
    out, error = out or sys.stdout, error or sys.stderr
    wrong = problem_with(options)
    if wrong:
        error.write(f"rmq: {wrong}\n")
        return WRONG_USAGE
    options.error = error
    try:
        directory = StoreDirectory(
            RealFiles(read_only=True),
            Path(options.directory),
            [Path(folder) for folder in options.log],
        )
    except StoreOpenError as problem:
        error.write(f"rmq: {problem}\n")
        return WRONG_USAGE
    try:
        status = ACTIONS[options.action](directory, options, out)
        out.flush()
    except BrokenPipeError:
        return GOOD  # whoever read our output has seen enough
    except (TwistedMQError, OSError) as problem:
        error.write(f"rmq: {problem}\n")
        return FAILED
    return status


def _write_json(out: TextIO, shown: dict[str, Any]) -> None:
    out.write(json.dumps(shown, ensure_ascii=False) + "\n")


def _list(directory: StoreDirectory, options: Namespace, out: TextIO) -> int:
    queues = Overview(directory).list_queues()
    if options.json:
        for queue in queues:
            _write_json(out, {"type": "queue"} | to_builtins(queue))
        return GOOD
    head = ("TOPIC", "QUEUE", "KIND", "MIN", "MAX", "MESSAGES", "SIZE", "FIRST", "LAST")
    rows = (
        (
            q.topic, q.queue, q.kind, q.min_offset, q.max_offset, q.messages,
            size_text(q.bytes), text.time_text(q.first_ms),
            text.time_text(q.last_ms),
        )
        for q in queues
    )  # fmt: skip
    out.write(text.table(head, rows))
    return GOOD


def _stat(directory: StoreDirectory, options: Namespace, out: TextIO) -> int:
    shown = Overview(directory).describe()
    if options.json:
        _write_json(out, shown)
    else:
        text.write_store(shown, out)
    return GOOD


def _selection(options: Namespace) -> Selection:
    wanted = Selection(
        topic=options.topic,
        queue_id=options.queue,
        since_ms=options.since,
        until_ms=options.until,
    )
    if options.action == "cat":
        wanted.from_offset, wanted.to_offset = options.start, options.stop
        if options.physical is not None:
            wanted.from_physical, wanted.to_physical = options.physical
    if options.action == "grep":
        wanted.key, wanted.tag = options.key, options.tag
        wanted.property, wanted.body = options.property, options.body
    return wanted


def _show_messages(
    messages: Iterator[Message], options: Namespace, out: TextIO
) -> None:
    left = options.count
    for message in messages:
        if options.json:
            _write_json(out, message.shown())
        else:
            out.write(text.message_line(message))
        left = left and left - 1
        if left == 0:
            return


def _cat(directory: StoreDirectory, options: Namespace, out: TextIO) -> int:
    reader = MessageReader(directory)
    by_queue = options.physical is None
    _show_messages(reader.find(_selection(options), by_queue=by_queue), options, out)
    return GOOD


def _grep(directory: StoreDirectory, options: Namespace, out: TextIO) -> int:
    reader = MessageReader(directory)
    messages = reader.find(_selection(options), by_queue=options.key is None)
    _show_messages(messages, options, out)
    options.error.write(f"rmq: searched {reader.way}\n")
    return GOOD


def _export(directory: StoreDirectory, options: Namespace, out: TextIO) -> int:
    messages = MessageReader(directory).find(_selection(options), by_queue=False)
    if options.format != "json":
        count = write_columns(messages, options.format, Path(options.output))
        options.error.write(f"rmq: {count} messages in {options.output}\n")
        return GOOD
    options.json, options.count = True, None
    if options.output is None:
        _show_messages(messages, options, out)
        return GOOD
    with whole_file(Path(options.output), replace=True) as file:
        lines = TextIOWrapper(file, encoding="utf-8")
        _show_messages(messages, options, lines)
        lines.detach()  # with all that it holds written
    return GOOD


def _as_of(directory: StoreDirectory, options: Namespace, out: TextIO) -> int:
    overview = Overview(directory)
    offsets = {
        key: overview.offset_at(folder, options.time)
        for key, folder in sorted(directory.queues.items())
    }
    lags = [
        (group, topic, queue, offset, offsets[topic, queue])
        for (group, topic, queue), offset in sorted(committed(directory).items())
        if (topic, queue) in offsets
    ]
    if options.json:
        for (topic, queue), offset in offsets.items():
            row = {"topic": topic, "queue": queue, "offset": offset}
            _write_json(out, {"type": "queue_at"} | row | {"time_ms": options.time})
        for group, topic, queue, done, offset in lags:
            row = {"group": group, "topic": topic, "queue": queue, "committed": done}
            lag = {"offset": offset, "lag": max(offset - done, 0)}
            _write_json(out, {"type": "lag"} | row | lag)
        return GOOD
    out.write(f"as of {text.time_text(options.time)}\n\n")
    rows = ((topic, queue, offset) for (topic, queue), offset in offsets.items())
    out.write(text.table(("TOPIC", "QUEUE", "OFFSET"), rows))
    head = ("GROUP", "TOPIC", "QUEUE", "COMMITTED", "LAG")
    rows_of_groups = [(g, t, q, done, max(at - done, 0)) for g, t, q, done, at in lags]
    if rows_of_groups:
        out.write("\n" + text.table(head, rows_of_groups))
    return GOOD


def _verification(directory: StoreDirectory, options: Namespace) -> Verification:
    return Verification(
        directory, delay_levels=options.delay_levels or DEFAULT_DELAY_LEVELS
    )


def _findings(verification: Verification, options: Namespace) -> Iterator[Finding]:
    """Give what is found, with a bar on the terminal meanwhile."""
    bar = Bar(options.error)
    verification.progress = bar.tell
    for finding in verification.run():
        bar.clear()
        yield finding
    bar.clear()


def _verify(directory: StoreDirectory, options: Namespace, out: TextIO) -> int:
    if directory.has_abort:
        options.error.write(
            "rmq: there is an abort file: a broker is at work here, or one did not "
            "stop in order\n"
        )
    verification = _verification(directory, options)
    for finding in _findings(verification, options):
        if options.json:
            shown = to_builtins(finding)
            kind = "fault" if shown.pop("is_fault") else "note"
            _write_json(out, {"type": kind} | shown)
        else:
            out.write(text.finding_line(finding))
    summary = verification.summary
    if options.json:
        _write_json(out, {"type": "verified"} | to_builtins(summary))
    else:
        out.write(
            f"{summary.records} records ({size_text(summary.bytes)}), "
            f"{summary.entries} queue entries, {summary.index_items} index items: "
            f"{summary.faults or 'no'} fault{'s' * (summary.faults != 1)}\n"
        )
    return FAILED if summary.faults else GOOD


def _repair(directory: StoreDirectory, options: Namespace, out: TextIO) -> int:
    # the name comes from the clock: what an earlier repair has kept stays
    aside = f"repaired-{datetime.now():%Y%m%d-%H%M%S}"
    levels = options.delay_levels or DEFAULT_DELAY_LEVELS
    repairer = Repairer(directory, RealFiles(), aside, levels)
    lock = repairer.take_lock() if options.yes else None
    if options.yes:
        # what was listed before the lock was taken may be stale
        files = RealFiles(read_only=True)
        directory = StoreDirectory(files, directory.root, directory.logs)
        repairer = Repairer(directory, RealFiles(), aside, levels)
    verification = _verification(directory, options)
    for _ in _findings(verification, options):
        pass
    plan = make_plan(verification)
    steps: Iterator[Repair] = iter(plan.steps)
    if options.yes:
        steps = repairer.carry_out(verification, plan)
    for step in steps:
        _show_step(step, options, out)
    left = _faults_left(directory, options) if options.yes else 0
    del lock
    if not options.json and not plan.steps:
        out.write("nothing to mend\n")
    elif not options.json and plan.is_empty:
        out.write("nothing of that can be mended from the log\n")
    elif not options.json and options.yes:
        out.write(f"what was there before is in {directory.root / aside}\n")
        out.write(f"faults that are left: {left or 'none'}\n")
    elif not options.json:
        out.write("nothing was changed; --yes does it\n")
    return FAILED if left else GOOD


def _faults_left(directory: StoreDirectory, options: Namespace) -> int:
    now = StoreDirectory(RealFiles(read_only=True), directory.root, directory.logs)
    return sum(f.is_fault for f in _findings(_verification(now, options), options))


def _show_step(step: Repair, options: Namespace, out: TextIO) -> None:
    if options.json:
        shown = to_builtins(step)
        shown["done"] = shown.pop("is_done")
        _write_json(out, {"type": "step"} | shown)
    else:
        out.write(f"{step.action}  {step.where}  {step.what}\n")
        out.flush()


def _explain(directory: StoreDirectory, options: Namespace, out: TextIO) -> int:
    shown = Explainer(directory).explain(offset_of(options.place))
    if options.json:
        _write_json(out, shown)
    else:
        text.write_record(shown, out)
    return FAILED if shown["problem"] else GOOD


ACTIONS: Final[dict[str, Action]] = {
    "ls": _list,
    "stat": _stat,
    "cat": _cat,
    "grep": _grep,
    "as-of": _as_of,
    "verify": _verify,
    "repair": _repair,
    "explain": _explain,
    "export": _export,
}
