"""What every IIndexStrategy must do. One that finds nothing is allowed to."""
# ruff: noqa: D102 (the name of a test says it)

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from zope.interface.verify import verifyObject

from twistedmq.protocol import properties
from twistedmq.store.index_interfaces import IIndexStrategy, IndexItem

_ALWAYS = (0, 1 << 60)


def item(
    offset: int, *, store_ms: int = 1_000_000, topic: str = "T", **keys: str
) -> IndexItem:
    """Give an item; *keys* are properties (KEYS, UNIQ_KEY, TAGS)."""
    return IndexItem(topic, properties.format(keys), offset, store_ms)


class IndexStrategyContract:
    """Subclasses give ``make_index``.

    It may be called several times with the same directory, once the index before was
    closed, and then opens the same index.
    """

    keeps = True
    """Whether an index that was closed can be opened again."""

    def make_index(self, directory: Path) -> IIndexStrategy:
        """Make or open the index in *directory*."""
        raise NotImplementedError(f"{type(self).__name__} has to give make_index")

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

    def test_what_was_put_already_is_passed_over(self, index: IIndexStrategy) -> None:
        for _ in range(2):
            index.put([item(n, KEYS="a", TAGS="t") for n in range(5)])
        index.put([item(n, KEYS="a", TAGS="t") for n in range(3, 7)])
        assert self.find(index, "a") == [6, 5, 4, 3, 2, 1, 0]
        assert self.find(index, "t", "T") == [6, 5, 4, 3, 2, 1, 0]

    def test_records_without_keys_do_no_harm(self, index: IIndexStrategy) -> None:
        index.put([item(0, KEYS="a"), item(10), item(20, KEYS=" ")])
        assert 0 <= index.indexed_offset() <= 20
        index.put([item(30, KEYS="a")])
        assert self.find(index, "a") == [30, 0]
        assert self.find(index, "") == []

    def test_a_closed_one_is_found_again(self, tmp_path: Path) -> None:
        if not self.keeps:
            pytest.skip("this index forgets by design")
        index = self.make_index(tmp_path)
        index.put([item(n, KEYS=f"k{n} all") for n in range(20)])
        index.close()
        again = self.make_index(tmp_path)
        assert again.indexed_offset() == 19
        assert self.find(again, "all") == list(range(19, -1, -1))
        again.put([item(n, KEYS=f"k{n} all") for n in range(15, 25)])
        again.flush()
        assert self.find(again, "all") == list(range(24, -1, -1))
        again.truncate(10)
        again.close()
        third = self.make_index(tmp_path)
        assert self.find(third, "all") == list(range(9, -1, -1))
        assert third.indexed_offset() == 9
        third.close()

    def test_what_expired_may_be_gone_and_the_rest_is_not(
        self, index: IIndexStrategy
    ) -> None:
        index.put([item(n, KEYS="a", UNIQ_KEY=f"u{n}") for n in range(30)])
        index.flush()
        index.expire(20)
        found = self.find(index, "a")
        assert found == list(range(29, 29 - len(found), -1))
        assert len(found) >= 10
        assert self.find(index, "u25") == [25]
        assert index.indexed_offset() == 29
        index.put([item(30, KEYS="a")])
        assert self.find(index, "a")[0] == 30

    def test_an_empty_one_can_be_cut_and_expired(self, index: IIndexStrategy) -> None:
        index.truncate(0)
        index.expire(100)
        index.flush()
        assert index.indexed_offset() == -1
        index.put([item(200, KEYS="a")])
        assert self.find(index, "a") == [200]

    def test_it_is_searched_and_flushed_in_threads(self, index: IIndexStrategy) -> None:
        """Puts go on meanwhile, and no search sees half of a record's keys wrong."""
        failed: list[BaseException] = []
        stop = Event()

        def repeat(work: Callable[[], object]) -> None:
            try:
                while not stop.is_set():
                    work()
            except BaseException as error:
                failed.append(error)

        def search() -> None:
            found = self.find(index, "a")
            assert found == sorted(found, reverse=True)

        threads = [Thread(target=repeat, args=(w,)) for w in (search, index.flush)]
        for thread in threads:
            thread.start()
        try:
            for n in range(0, 400, 8):
                index.put([item(m, KEYS="a") for m in range(n, n + 8)])
        finally:  # else they would go on, and this program would not end
            stop.set()
            for thread in threads:
                thread.join()
        assert not failed
        assert self.find(index, "a")[:32] == list(range(399, 367, -1))
