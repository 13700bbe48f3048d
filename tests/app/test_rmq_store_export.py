import sys
from pathlib import Path

import pytest
from offline_kit import filled, looked_at

from twistedmq.app import rmq_store_export
from twistedmq.app.rmq_store_export import NoColumnsError, write_columns
from twistedmq.store.offline.messages import MessageReader, Selection


@pytest.mark.parametrize("format_name", ["arrow", "parquet"])
def test_messages_become_columns(
    format_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrow = pytest.importorskip("pyarrow", reason="the extra `export` is not installed")
    monkeypatch.setattr(rmq_store_export, "ROWS", 30)
    path = tmp_path / "messages"
    messages = MessageReader(looked_at(filled(70))).find(Selection())
    assert write_columns(messages, format_name, path) == 70
    if format_name == "arrow":
        from pyarrow import ipc  # noqa: PLC0415 (an extra)

        read = ipc.open_stream(path.read_bytes()).read_all()
    else:
        from pyarrow import parquet  # noqa: PLC0415 (an extra)

        read = parquet.read_table(path)
    assert read.num_rows == 70
    row = read.slice(7, 1).to_pylist()[0]
    assert (row["topic"], row["queue"], row["keys"]) == ("Orders", 1, ["k7", "all"])
    assert row["body"] == b"body of 7" * 4
    assert dict(row["properties"])["UNIQ_KEY"] == "U7"
    assert read.schema.field("store_ms").type == arrow.timestamp("ms", tz="UTC")


def test_without_the_library_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NoColumnsError, match=r"pip install 'twistedmq\[export\]'"):
        write_columns([], "parquet", tmp_path / "x")
    assert not (tmp_path / "x").exists()
