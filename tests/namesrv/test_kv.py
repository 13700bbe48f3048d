import json
from collections.abc import Callable

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from twistedmq.namesrv.kv import KeyValues, NotKeptError
from twistedmq.namesrv.registrations import TooManyError
from twistedmq.protocol.errors import FieldError


def table(
    save: Callable[[bytes], "Deferred[None]"] = lambda data: succeed(None),
    max_bytes: int = 1000,
) -> KeyValues:
    return KeyValues(save, lambda: max_bytes)


def test_what_is_put_is_there_until_deleted() -> None:
    values = table()
    values.put("n", "k", "v")
    assert values.get("n", "k") == "v"
    values.delete("n", "k")
    assert values.get("n", "k") is None
    assert values.namespace("n") == b'{"table":{}}'
    assert values.namespace("other") is None


def test_a_put_fires_when_the_whole_table_is_kept() -> None:
    saves: list[bytes] = []
    kept: Deferred[None] = Deferred()

    def save(data: bytes) -> Deferred[None]:
        saves.append(data)
        return kept

    values = table(save)
    done = values.put("n", "k", "v")
    assert not done.called
    kept.callback(None)
    assert done.called
    assert json.loads(saves[0]) == {"configTable": {"n": {"k": "v"}}}


def test_what_was_kept_is_there_after_a_restart() -> None:
    saves: list[bytes] = []
    before = table(lambda data: succeed(saves.append(data)))
    before.put("n", "k", "值")
    after = table()
    after.load(saves[-1])
    assert after.get("n", "k") == "值"
    after.load(None)
    assert after.get("n", "k") == "值"


def test_a_file_that_cannot_be_read_is_told() -> None:
    with pytest.raises(FieldError):
        table().load(b"{torn")


def test_what_cannot_be_kept_did_not_happen() -> None:
    values = table()
    values.put("n", "k", "old")
    values._save = lambda data: fail(OSError("disk full"))
    for change in (values.put("n", "k", "new"), values.delete("n", "k")):
        errors: list[NotKeptError] = []
        change.addErrback(lambda failure, seen=errors: seen.append(failure.value))
        assert "disk full" in str(errors[0])
        assert values.get("n", "k") == "old"


def test_a_failed_change_does_not_undo_a_later_one() -> None:
    first: Deferred[None] = Deferred()
    answers = [first, succeed(None)]
    values = table(lambda data: answers.pop(0))
    failed = values.put("n", "k", "1")
    values.put("n", "k", "2")
    failed.addErrback(lambda failure: None)
    first.errback(OSError("late"))
    assert values.get("n", "k") == "2"


def test_the_table_has_a_limit_that_shrinking_never_meets() -> None:
    values = table(max_bytes=10)
    values.put("n", "k", "123456789")
    with pytest.raises(TooManyError, match="maxKvBytes"):
        values.put("n", "x", "1")
    values.put("n", "k", "1")
    values.put("n", "x", "1")
    values.delete("n", "k")
    values.delete("n", "k")
    values.put("m", "y", "1234567")
    with pytest.raises(TooManyError):
        values.put("m", "z", "")


def test_each_change_raises_the_revision() -> None:
    values = table()
    values.put("n", "k", "v")
    values.delete("n", "k")
    assert values.revision == 2
