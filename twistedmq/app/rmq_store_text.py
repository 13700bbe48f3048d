"""How ``rmq store`` shows things to people."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TextIO

from twistedmq.app import rmq_table
from twistedmq.app.rmq_printable import printable
from twistedmq.app.rmq_table import size_text
from twistedmq.store.offline.findings import Finding
from twistedmq.store.offline.messages import Message

_LINE_BYTES = 16
_SHOWN_BYTES = 256


def time_text(time_ms: int | None) -> str:
    """Give a time in local time; "-" for none."""
    if not time_ms:
        return "-"
    try:
        at = datetime.fromtimestamp(time_ms / 1000)
    except (ValueError, OverflowError, OSError):
        return f"{time_ms} ms"
    return at.isoformat(" ", "milliseconds")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay rows out in columns; numbers stand on the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    numbers = {
        n
        for n in range(len(head))
        if cells and all(row[n].replace(" ", "").isdigit() for row in cells)
    }
    return rmq_table.table(head, cells, right=numbers)


def message_line(message: Message) -> str:
    """Give one message on one line."""
    record = message.record
    words = [
        time_text(record.store_ms),
        f"{record.topic}/{record.queue_id}@{record.queue_offset}",
        f"at {record.physical_offset}",
        printable(f"[{message.properties.get('TAGS', '')}]"),
        *(printable(f"#{key}") for key in message.keys),
        body_text(message.body),
    ]
    if message.problem:
        words.append(f"! {message.problem}")
    return " ".join(words) + "\n"


def body_text(body: bytes) -> str:
    """Give a body on one line: text where it is text, else hex."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        shown = body[:_SHOWN_BYTES].hex()
        more = f"... ({len(body)} bytes)" if len(body) > _SHOWN_BYTES else ""
        return f"0x{shown}{more}"
    return printable(text)


def finding_line(finding: Finding) -> str:
    """Give one finding on one line."""
    word = "fault" if finding.is_fault else "note "
    why = f": {finding.why}" if finding.why else ""
    at = f" {finding.offset}" if finding.end else ""
    return f"{word}  {finding.kind}  {finding.where}{at}  {finding.what}{why}\n"


def write_store(shown: dict[str, Any], out: TextIO) -> None:
    """Show what ``stat`` found."""
    checkpoint, vouch = shown["checkpoint"], shown["vouch"]
    vouched = "none"
    if vouch is not None:
        state = "believed" if vouch["believed"] else "stale"
        vouched = f"up to {vouch['offset']} ({state})"
    queues, batch = shown["queue_files"], shown["batch_queue_files"]
    rows = [
        ("directory", shown["directory"]),
        ("written by", shown["written_by"]),
        ("formats", ", ".join(shown["formats"]) or "-"),
        ("log", f"{shown['min_offset']} to {shown['max_offset']}"),
        ("torn end", size_text(shown["torn_bytes"]) if shown["torn_bytes"] else "no"),
        (
            "segments",
            f"{len(shown['segments'])} of {size_text(shown['segment_bytes'])}",
        ),
        ("queues", _files_text(queues)),
        ("batch queues", _files_text(batch)),
        ("size", size_text(shown["bytes"])),
        (
            "abort file",
            "there: no stop in order, or it runs" if shown["abort"] else "no",
        ),
        ("vouching file", vouched),
    ]
    if checkpoint is not None:
        rows += [
            ("log synced to", time_text(checkpoint["log_ms"])),
            ("queues synced to", time_text(checkpoint["queues_ms"])),
            ("index synced to", time_text(checkpoint["index_ms"])),
        ]
    for name, value in rows:
        out.write(f"{name:<18}{value}\n")
    segments = ((s["base"], s["bytes"], s["path"]) for s in shown["segments"])
    out.write("\n" + table(("SEGMENT", "BYTES", "FILE"), segments))
    if shown["index_files"]:
        index = (
            (
                i["name"], i["bytes"], i["items"], i["begin_offset"], i["end_offset"],
                time_text(i["begin_ms"]), time_text(i["end_ms"]),
            )
            for i in shown["index_files"]
        )  # fmt: skip
        head = ("INDEX", "BYTES", "ITEMS", "FROM", "TO", "FIRST", "LAST")
        out.write("\n" + table(head, index))


def _files_text(figures: dict[str, int]) -> str:
    if not figures["queues"]:
        return "none"
    size = size_text(figures["file_bytes"])
    return f"{figures['queues']}, in {figures['files']} files of {size}"


def write_record(shown: dict[str, Any], out: TextIO) -> None:
    """Show what ``explain`` found: fields, then bytes with what they are."""
    out.write(
        f"record at {shown['physical_offset']}: {shown['file']}, position "
        f"{shown['position']}, {shown['size']} bytes\n"
    )
    if shown["problem"]:
        out.write(f"not whole: {shown['problem']}\n")
    if shown["next_record"] is not None:
        out.write(f"the next record begins at {shown['next_record']}\n")
    out.write("\n")
    for field in shown["fields"]:
        raw = bytes.fromhex(field["hex"])[:_SHOWN_BYTES]
        for at in range(0, max(len(raw), 1), _LINE_BYTES):
            line = raw[at : at + _LINE_BYTES].hex(" ")
            value = _value_text(field)
            told = f"{field['name']}: {value}" if not at else ""
            out.write(f"{field['at'] + at:>7}  {line:<47}  {told}".rstrip() + "\n")
        if field["bytes"] > len(raw):
            out.write(f"         ... {field['bytes'] - len(raw)} bytes more\n")
    out.write("\nqueue entries\n")
    for entry in shown["entries"]:
        place = f"{entry['topic']}/{entry['queue']}@{entry['queue_offset']}"
        where = f"{entry.get('file', '')} position {entry.get('position', '-')}"
        problem = f"  ! {entry['problem']}" if entry.get("problem") else ""
        out.write(f"  {place}  {where}{problem}\n")
    out.write("index items\n")
    for item in shown["index_items"]:
        files = ", ".join(item["files"]) or "! in no file"
        out.write(f"  {item['key']}  hash {item['hash']}  {files}\n")


def _value_text(field: dict[str, Any]) -> str:
    value = str(field["value"])
    if field["name"] in {"born time", "store time"} and value.isdigit():
        return f"{value} ({time_text(int(value))})"
    return body_text(value.encode())
