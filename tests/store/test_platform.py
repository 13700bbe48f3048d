import os

from twistedmq.store.platform import Capabilities


def test_what_is_detected_is_there() -> None:
    found = Capabilities.detect()
    assert found.positional == hasattr(os, "pread")
    assert found.no_wait == hasattr(os, "RWF_NOWAIT")


def test_the_ordinary_path_needs_nothing() -> None:
    ordinary = Capabilities.ordinary()
    assert not any(vars(ordinary).values())
