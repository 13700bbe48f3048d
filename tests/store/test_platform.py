import os

import pytest

from twistedmq.store.platform import Capabilities, boot_id


def test_what_is_detected_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWISTEDMQ_PLAIN_IO", raising=False)
    found = Capabilities.detect()
    assert found.positional == hasattr(os, "pread")
    assert found.no_wait == hasattr(os, "RWF_NOWAIT")


def test_the_ordinary_path_needs_nothing() -> None:
    ordinary = Capabilities.ordinary()
    assert not any(vars(ordinary).values())


def test_all_but_the_lock_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWISTEDMQ_PLAIN_IO", "1")
    plain = vars(Capabilities.detect())
    assert plain.pop("record_locks") == (os.name == "posix")
    assert not any(plain.values())


def test_the_run_of_the_machine_has_a_name_that_stays() -> None:
    assert boot_id() == boot_id()
    assert not set(boot_id()) & set(" \n")
