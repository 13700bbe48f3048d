from pathlib import Path

from twistedmq.store.errors import StoreOpenError


def test_the_text_is_one_line_with_the_directory() -> None:
    error = StoreOpenError(Path("/data"), "it is locked")
    assert str(error) == "the store /data cannot be opened: it is locked"
    assert (error.directory, error.problem) == (Path("/data"), "it is locked")
