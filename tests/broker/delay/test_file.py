import json
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from twistedmq.broker.delay.file import DelayOffsetFile
from twistedmq.broker.delay.progress import DelayProgress
from twistedmq.config.delay import DelayConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import DataVersion
from twistedmq.store.json_file import AtomicJsonFile, TornFileError
from twistedmq.testing.fake_files import FakeFiles

PATH = Path("/store/config/delayOffset.json")
GENUINE = b"""{
\t"dataVersion":{
\t\t"counter":3,
\t\t"stateVersion":0,
\t\t"timestamp":1795386585578
\t},
\t"offsetTable":{
\t\t1:1,
\t\t18:0
\t}
}"""


class Kept:
    """A file with what is to be kept in it."""

    def __init__(self, content: bytes | None = None) -> None:
        self.files = FakeFiles()
        self.files.make_folder(PATH.parent)
        if content is not None:
            AtomicJsonFile(self.files, PATH).save_now(content)
        self.clock = Clock()
        self.config = Live(DelayConfig())
        self.progress = DelayProgress(self.config, lambda: 5)
        atomic = AtomicJsonFile(self.files, PATH)
        self.file = DelayOffsetFile(self.clock, atomic, self.progress, self.config)

    def held(self) -> dict[str, object]:
        """What was written by ours."""
        size = self.files.size(PATH)
        if size is None:
            return {}
        data = bytes(self.files.open(PATH).read(size, 0))
        return {} if data == GENUINE else json.loads(data)["offsetTable"]  # type: ignore[no-any-return]


def test_the_genuine_file_is_read() -> None:
    kept = Kept(GENUINE)
    kept.file.load()
    assert kept.progress.offsets() == {1: 1, 18: 0}
    assert kept.progress.data_version == DataVersion(counter=3, timestamp=1795386585578)


def test_what_changed_is_written_every_so_often_and_at_the_end() -> None:
    kept = Kept(GENUINE)
    kept.file.load()
    kept.file.startService()
    kept.progress.advance(2, 9)
    kept.clock.advance(9.9)
    assert kept.held() == {}
    kept.clock.advance(0.2)
    assert kept.held() == {"1": 1, "18": 0, "2": 9}
    kept.progress.advance(18, 1)
    done: list[None] = []
    kept.file.stopService().addCallback(done.append)
    kept.clock.advance(0)
    assert done == [None]
    assert kept.held() == {"1": 1, "18": 1, "2": 9}
    assert kept.clock.getDelayedCalls() == []


def test_nothing_is_written_where_nothing_changed() -> None:
    kept = Kept()
    kept.file.load()
    kept.file.startService()
    kept.clock.pump([10.0] * 5)
    kept.file.stopService()
    assert kept.held() == {}


def test_a_torn_file_gives_way_to_its_backup() -> None:
    kept = Kept(GENUINE)
    AtomicJsonFile(kept.files, PATH).save_now(b'{"offsetTable":{1:')
    kept.file.load()
    assert kept.progress.offset(1) == 1


@pytest.mark.parametrize("content", [b'{"offsetTable":{"a":1}}', b"[1]", b'{"offs'])
def test_what_is_no_such_file_is_not_taken_for_one(content: bytes) -> None:
    with pytest.raises(TornFileError, match="delayOffset"):
        Kept(content).file.load()


def test_a_file_of_before_versions_is_read() -> None:
    kept = Kept(b'{"offsetTable":{2:7}}')
    kept.file.load()
    assert kept.progress.offsets() == {2: 7}
