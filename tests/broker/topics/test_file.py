import json
import tarfile
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from write_side import WIRE, WriteSide

from twistedmq.broker.topics.file import TopicFile
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.json_file import AtomicJsonFile


class Kept:
    """A topic table with its file."""

    def __init__(self, path: Path) -> None:
        self.side, self.clock, self.path = WriteSide(), Clock(), path
        self.topics = self.side.topics
        json_file = AtomicJsonFile(RealFiles(), path)
        self.file = TopicFile(self.clock, json_file, self.topics)
        self.file.load()

    def held(self) -> dict[str, dict[str, object]]:
        data: dict[str, dict[str, object]] = json.loads(self.path.read_bytes())
        return data


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "topics.json"


def test_a_genuine_file_is_read(path: Path) -> None:
    path.parent.mkdir()
    with tarfile.open(WIRE.parent / "store" / "clean.tar.gz") as archive:
        member = archive.extractfile("store/config/topics.json")
        assert member is not None
        path.write_bytes(member.read())
    topics = Kept(path).topics
    assert topics.data_version.counter == 12
    fill = topics.get("Fill")
    assert fill is not None
    assert fill.write_queue_nums == 2


def test_changes_are_written_in_the_genuine_format(path: Path) -> None:
    kept = Kept(path)
    kept.topics.create_if_absent("T", 3)
    saved = kept.file.saved()
    assert saved is not None
    kept.clock.advance(0)
    assert saved.called
    held = kept.held()
    assert set(held) == {"dataVersion", "topicConfigTable"}
    assert held["dataVersion"]["counter"] == 1
    assert held["topicConfigTable"]["T"] == {
        "attributes": {},
        "order": False,
        "perm": 6,
        "readQueueNums": 3,
        "topicFilterType": "SINGLE_TAG",
        "topicName": "T",
        "topicSysFlag": 0,
        "writeQueueNums": 3,
    }
    assert "TBW102" in held["topicConfigTable"]


def test_what_was_written_is_read_again(path: Path) -> None:
    kept = Kept(path)
    kept.topics.create_if_absent("T", 3)
    kept.topics.create_if_absent("Gone")
    kept.topics.delete("Gone")
    kept.file.save_now()
    again = Kept(path).topics
    assert again.snapshot() == kept.topics.snapshot()
    assert again.data_version == kept.topics.data_version


def test_a_torn_file_is_passed_over_for_its_backup(path: Path) -> None:
    kept = Kept(path)
    kept.topics.create_if_absent("T")
    kept.file.save_now()
    kept.file.save_now()
    path.write_bytes(path.read_bytes()[:40])
    assert "T" in Kept(path).topics
