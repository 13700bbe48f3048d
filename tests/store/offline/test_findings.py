import re

from source_tree import PACKAGE, PROJECT

from twistedmq.store.offline.findings import Finding, Notes

KIND = re.compile(r'"((?:log|queue|index)-[a-z-]+|unreadable)"')


def test_notes_of_one_kind_become_one() -> None:
    notes = Notes()
    for offset in (30, 10, 20):
        notes.add("odd", "T/0", "because", offset)
    notes.add("odd", "T/1", "because", 5, count=7)
    assert list(notes.take()) == [
        Finding("odd", "T/0", 10, 31, "3 messages", "because", is_fault=False),
        Finding("odd", "T/1", 5, 6, "7 messages", "because", is_fault=False),
    ]
    assert list(notes.take()) == []


def test_one_message_is_not_many() -> None:
    notes = Notes()
    notes.add("odd", "T/0", "", 1)
    assert next(notes.take()).what == "1 message"


def test_every_kind_is_documented() -> None:
    documented = (PROJECT / "docs" / "rmq-store.md").read_text("utf-8")
    sources = (PACKAGE / "store" / "offline").glob("*.py")
    kinds = {kind for path in sources for kind in KIND.findall(path.read_text("utf-8"))}
    assert len(kinds) > 20
    assert not {kind for kind in kinds if f"`{kind}`" not in documented}
