"""What every IIndexStrategy must do. One that finds nothing is allowed to."""
# ruff: noqa: D102 (the name of a test says it)

from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from twistedmq.protocol import properties
from twistedmq.store.interfaces import IIndexStrategy, IndexItem

_ALWAYS = (0, 1 << 60)


def item(
    offset: int, *, store_ms: int = 1_000_000, topic: str = "T", **keys: str
) -> IndexItem:
    """Give an item; *keys* are properties (KEYS, UNIQ_KEY, TAGS)."""
    return IndexItem(topic, properties.format(keys), offset, store_ms)


class IndexStrategyContract:
    """Subclasses give ``make_index``; making it again opens the same one."""

    def make_index(self, directory: Path) -> IIndexStrategy:
        """Make or open the index in *directory*."""
        raise NotImplementedError

    @pytest.fixture
    def index(self, tmp_path: Path) -> IIndexStrategy:
        """Give an empty index."""
        return self.make_index(tmp_path)

    def find(self, index: IIndexStrategy, key: str, index_type: str = "") -> list[int]:
        """Find *key* of topic T at any time."""
        return index.find("T", key, 32, *_ALWAYS, index_type).physical_offsets

    def test_provides_the_interface(self, index: IIndexStrategy) -> None:
        assert verifyObject(IIndexStrategy, index)

    def test_an_empty_one_finds_nothing(self, index: IIndexStrategy) -> None:
        assert index.indexed_offset() == -1
        assert self.find(index, "a") == []

    def test_every_word_the_unique_key_and_the_tag_are_found(
        self, index: IIndexStrategy
    ) -> None:
        index.put([item(0, KEYS="a b", UNIQ_KEY="U"), item(100, KEYS="b", TAGS="t")])
        assert self.find(index, "a") == [0]
        assert self.find(index, "b") == [100, 0]
        assert self.find(index, "U") == [0]
        assert self.find(index, "t", "T") == [100]
        assert self.find(index, "t") == []
        assert index.indexed_offset() == 100

    def test_topics_do_not_mix(self, index: IIndexStrategy) -> None:
        index.put([item(0, KEYS="a"), item(9, topic="Other", KEYS="a")])
        assert self.find(index, "a") == [0]

    def test_the_newest_come_first_and_are_limited(self, index: IIndexStrategy) -> None:
        index.put([item(n, KEYS="a") for n in range(10)])
        assert index.find("T", "a", 3, *_ALWAYS, "").physical_offsets == [9, 8, 7]

    def test_time_limits_hold_to_a_second(self, index: IIndexStrategy) -> None:
        index.put(
            [item(n, KEYS="a", store_ms=1_000_000 + n * 10_000) for n in range(5)]
        )
        hits = index.find("T", "a", 9, 1_009_000, 1_031_000, "")
        assert hits.physical_offsets == [3, 2, 1]
        assert hits.last_update_ms == 1_040_000
        assert hits.last_update_offset == 4

    def test_a_truncated_one_has_forgotten(self, index: IIndexStrategy) -> None:
        index.put([item(n * 10, KEYS=f"a k{n}") for n in range(5)])
        index.truncate(30)
        assert self.find(index, "a") == [20, 10, 0]
        assert self.find(index, "k4") == []
        assert index.indexed_offset() == 20
        index.put([item(30, KEYS="a new")])
        assert self.find(index, "a") == [30, 20, 10, 0]
        assert self.find(index, "new") == [30]

    def test_keys_in_other_letters(self, index: IIndexStrategy) -> None:
        index.put([item(0, KEYS="键一 straße 🙂")])
        assert self.find(index, "键一") == [0]
        assert self.find(index, "🙂") == [0]

    def test_flushing_and_closing_do_no_harm(self, index: IIndexStrategy) -> None:
        index.put([item(0, KEYS="a")])
        index.flush()
        assert self.find(index, "a") == [0]
        index.close()
