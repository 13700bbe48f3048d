from pathlib import Path
from shutil import copytree

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.store.delay_levels import DelayLevels
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.stores import open_store


def test_the_genuine_levels() -> None:
    levels = DelayLevels(StoreConfig().delay_levels)
    assert levels.highest == 18
    assert levels.delays_ms[:4] == (1000, 5000, 10_000, 30_000)
    assert levels.delay_ms(18) == levels.delay_ms(99) == 7_200_000


@pytest.mark.parametrize(
    ("level", "due_ms"),
    [
        ("1", 1010),
        ("2", 60_010),
        ("3", 60_010),
        ("9" * 5000, 60_010),
        ("0", None),
        ("-1", None),
        ("one", None),
        ("", None),
    ],
)
def test_a_message_is_due_its_delay_after_it_was_stored(
    level: str, due_ms: int | None
) -> None:
    encoded = b"KEYS\x01k\x02DELAY\x01%b\x02" % level.encode()
    assert DelayLevels("1s 1m").due_ms(encoded, 10) == due_ms


def test_without_delayed_messages_the_column_is_the_one_given() -> None:
    batch = batch_of([Told(tag="a", more={"DELAY": "1"}), Told()])
    assert DelayLevels("1s").entry_codes(batch, 5) is batch.tags_codes


def test_recovery_makes_the_same_entries(tmp_path: Path) -> None:
    told = [Told(SCHEDULE_TOPIC, 0, b"x" * 300, more={"DELAY": "1"})] * 9
    store = open_store(tmp_path, segment_bytes=1024)  # it rolls within the batch
    store.append(batch_of(told))
    entries = store.entries(SCHEDULE_TOPIC, 0, 0, 99)
    assert len({entry.tags_code for entry in entries}) == 1
    crashed = tmp_path / "crashed"
    copytree(tmp_path / "commitlog", crashed / "commitlog")
    store.stop()
    later = 1_700_000_099_000
    again = open_store(crashed, segment_bytes=1024, wall_ms=lambda: later)
    assert again.entries(SCHEDULE_TOPIC, 0, 0, 99) == entries
    again.stop()
