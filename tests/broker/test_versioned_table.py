import pytest

from twistedmq.broker.versioned_table import VersionedTable
from twistedmq.protocol.bodies import DataVersion

LOADED = DataVersion(counter=7, timestamp=3)


class Numbers(VersionedTable[int]):
    def put(self, name: str, number: int | None) -> None:
        if number is None:
            del self._configs[name]
        else:
            self._configs[name] = number
        self._changed(name)

    def load(self, numbers: dict[str, int]) -> None:
        self._take_over(numbers, LOADED)


@pytest.fixture
def numbers() -> Numbers:
    wall_ms = iter(range(100, 200)).__next__
    return Numbers({"one": 1}, wall_ms)


def test_it_is_a_collection_of_names(numbers: Numbers) -> None:
    numbers.put("two", 2)
    assert list(numbers) == ["one", "two"]
    assert len(numbers) == 2
    assert "two" in numbers
    assert "three" not in numbers


def test_a_view_follows_the_table_and_a_snapshot_does_not(numbers: Numbers) -> None:
    view, snapshot = numbers.view(), numbers.snapshot()
    numbers.put("two", 2)
    assert view == {"one": 1, "two": 2}
    assert snapshot == {"one": 1}
    with pytest.raises(TypeError):
        view["three"] = 3  # type: ignore[index]


def test_each_change_has_a_version_and_is_told_once_made(numbers: Numbers) -> None:
    assert numbers.data_version == DataVersion(timestamp=100)
    told: list[tuple[str, int | None, int]] = []
    for _ in range(2):
        numbers.on_change(
            lambda name, number: told.append(
                (name, number, numbers.data_version.counter)
            )
        )
    numbers.put("one", 11)
    numbers.put("one", None)
    assert told == [("one", 11, 1)] * 2 + [("one", None, 2)] * 2
    assert numbers.data_version == DataVersion(counter=2, timestamp=102)


def test_what_a_file_holds_is_no_change(numbers: Numbers) -> None:
    told: list[str] = []
    numbers.on_change(lambda name, _: told.append(name))
    numbers.load({"one": 10, "two": 2})
    assert numbers.snapshot() == {"one": 10, "two": 2}
    assert numbers.data_version == LOADED
    assert told == []
