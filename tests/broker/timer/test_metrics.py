from pathlib import Path

import pytest

from twistedmq.broker.timer.metrics import TimerMetrics
from twistedmq.store.json_file import AtomicJsonFile, TornFileError
from twistedmq.testing import FakeFiles

PATH = Path("/store/config/timermetrics")
GENUINE = (
    b'{"dataVersion":{"counter":99,"stateVersion":0,"timestamp":1795698288183},'
    b'"timingCount":{"T":{"count":31,"timeStamp":1795698288183}}}'
)


def metrics() -> TimerMetrics:
    return TimerMetrics(lambda: 17)


def test_counts_by_topic() -> None:
    counts = metrics()
    assert counts.take_changed() is None
    counts.add({"T": 3, "U": 1})
    counts.add({"T": -1})
    assert counts.counts() == {"T": 2, "U": 1}
    assert counts.count_of("T") == 2
    assert counts.count_of("other") == 0
    assert counts.take_changed() == counts.encode()
    assert counts.take_changed() is None
    counts.forget_topic("T")
    counts.forget_topic("T")
    assert counts.counts() == {"U": 1}
    assert counts.take_changed() is not None


def test_the_file_of_the_genuine_broker() -> None:
    files, counts = FakeFiles(), metrics()
    file = AtomicJsonFile(files, PATH)
    counts.load(file)
    assert counts.counts() == {}
    file.save_now(GENUINE)
    counts.load(file)
    assert counts.counts() == {"T": 31}
    assert counts.encode() == GENUINE
    counts.add({"T": -1})
    assert b'"counter":100' in counts.encode()
    assert b'"T":{"count":30,"timeStamp":17}' in counts.encode()


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"timingCount":5}'])
def test_a_torn_file_is_told(data: bytes) -> None:
    file = AtomicJsonFile(FakeFiles(), PATH)
    file.save_now(data)
    with pytest.raises(TornFileError, match="timermetrics cannot be read"):
        metrics().load(file)


def test_what_came_and_for_how_long_it_is_delayed() -> None:
    counts = metrics()
    counts.came({"T": [59_999, 61_000, -5], "U": [300_000_000]})
    counts.came({"T": [1]})
    counts.delivered.update({"T": 2})
    assert counts.placed == {"T": 4, "U": 1}
    assert counts.delays["T"].counts == [3, 1, 0, 0, 0, 0, 0]
    assert counts.delays["U"].counts[-1] == 1
    assert counts.take_changed() is None  # no part of the file
    counts.forget_topic("T")
    assert (counts.placed, counts.delivered) == ({"U": 1}, {})
    assert set(counts.delays) == {"U"}
