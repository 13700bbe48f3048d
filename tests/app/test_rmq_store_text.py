import io
from datetime import datetime

from twistedmq.app.rmq_store_text import (
    body_text,
    finding_line,
    message_line,
    table,
    time_text,
    write_record,
)
from twistedmq.protocol.record import Record
from twistedmq.store.offline.findings import Finding
from twistedmq.store.offline.messages import Message


def test_times() -> None:
    at = round(datetime(2026, 11, 26, 12, 0, 1).timestamp() * 1000) + 5
    assert time_text(at) == "2026-11-26 12:00:01.005"
    assert time_text(None) == "-"
    assert time_text(1 << 62) == f"{1 << 62} ms"


def test_tables_have_numbers_on_the_right() -> None:
    assert table(("NAME", "N"), [("a", 5), ("long", 1000)]) == (
        "NAME     N\na        5\nlong  1000\n"
    )
    assert table(("NAME",), []) == "NAME\n"


def test_bodies_are_text_or_hex() -> None:
    assert body_text("héllo\n".encode()) == "héllo\\n"
    assert body_text(b"\xff\xfe") == "0xfffe"
    assert body_text(b"\xff" * 300).endswith("ff... (300 bytes)")


def test_messages_are_lines() -> None:
    record = Record(topic="T", queue_id=1, queue_offset=7, physical_offset=99)
    message = Message(record, {"KEYS": "a b", "TAGS": "x"}, b"hello", "torn")
    assert message_line(message) == "- T/1@7 at 99 [x] #a #b hello ! torn\n"


def test_findings_are_lines() -> None:
    fault = Finding("log-hole", "commit log", 5, 9, "nothing there", "zeros")
    assert finding_line(fault) == (
        "fault  log-hole  commit log 5  nothing there: zeros\n"
    )
    note = Finding("odd", "T/0", 0, 0, "hm", "", is_fault=False)
    assert finding_line(note) == "note   odd  T/0  hm\n"


def test_records_are_shown_with_their_bytes() -> None:
    shown = {
        "physical_offset": 5,
        "file": "/f",
        "position": 5,
        "size": 400,
        "problem": "its magic is wrong",
        "next_record": 500,
        "fields": [
            {"at": 0, "bytes": 4, "name": "size", "hex": "00000190", "value": "400"},
            {"at": 4, "bytes": 300, "name": "body", "hex": "61" * 300, "value": "aaa"},
            {
                "at": 304,
                "bytes": 8,
                "name": "born time",
                "hex": "00",
                "value": "1" * 13,
            },
        ],
        "entries": [
            {"topic": "T", "queue": 0, "queue_offset": 1, "problem": "no such queue"}
        ],
        "index_items": [{"key": "T#k", "hash": 5, "files": []}],
    }
    out = io.StringIO()
    write_record(shown, out)
    text = out.getvalue()
    assert "not whole: its magic is wrong\nthe next record begins at 500\n" in text
    assert "      0  00 00 01 90" in text
    assert "... 44 bytes more" in text
    assert f"born time: {'1' * 13} ({time_text(int('1' * 13))})" in text
    assert "T/0@1" in text
    assert "! no such queue" in text
    assert "T#k  hash 5  ! in no file" in text
