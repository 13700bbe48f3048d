"""``rmq store export``: messages as columns, by a library that is an extra."""

from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, Final

from twistedmq.app.whole_file import whole_file
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.offline.messages import Message

ROWS: Final = 4096
"""Messages that are held at a time."""


class NoColumnsError(TwistedMQError):
    """The library that writes columns is not installed."""

    def __init__(self, format_name: str) -> None:
        """Say what to install."""
        super().__init__(
            f"--format {format_name} needs pyarrow: pip install 'twistedmq[export]'"
        )


def write_columns(messages: Iterable[Message], format_name: str, path: Path) -> int:
    """Write *messages* to *path* as "arrow" or "parquet"; gives how many there were.

    Raises:
        NoColumnsError: pyarrow is missing.
    """
    try:
        arrow: Any = import_module("pyarrow")
        writers: Any = import_module(
            "pyarrow.parquet" if format_name == "parquet" else "pyarrow.ipc"
        )
    except ImportError:
        raise NoColumnsError(format_name) from None
    schema = _schema(arrow)
    count = 0
    with whole_file(path, replace=True) as file:
        writer: Any = (
            writers.ParquetWriter(file, schema)
            if format_name == "parquet"
            else writers.new_stream(file, schema)
        )
        with writer:
            for rows in _rows(messages):
                writer.write_batch(arrow.RecordBatch.from_pylist(rows, schema=schema))
                count += len(rows)
    return count


def _schema(arrow: Any) -> Any:
    text, number, small = arrow.string(), arrow.int64(), arrow.int32()
    at = arrow.timestamp("ms", tz="UTC")
    return arrow.schema(
        [
            ("topic", text), ("queue", small), ("queue_offset", number),
            ("physical_offset", number), ("size", small), ("part", small),
            ("message_id", text), ("offset_message_id", text), ("tag", text),
            ("keys", arrow.list_(text)), ("properties", arrow.map_(text, text)),
            ("flag", small), ("sys_flag", small), ("born_ms", at), ("born_host", text),
            ("store_ms", at), ("store_host", text), ("reconsume_times", small),
            ("prepared_offset", number), ("body", arrow.binary()), ("problem", text),
        ]
    )  # fmt: skip


def _rows(messages: Iterable[Message]) -> Iterator[list[dict[str, Any]]]:
    coming = iter(messages)
    while batch := list(islice(coming, ROWS)):
        yield [_row(message) for message in batch]


def _row(message: Message) -> dict[str, Any]:
    row = message.shown()
    row["body"] = message.body
    row["properties"] = list(message.properties.items())
    return row
