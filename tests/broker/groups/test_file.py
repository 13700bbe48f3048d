import json
import tarfile
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from write_side import WIRE, WriteSide

from twistedmq.broker.groups.file import GroupFile
from twistedmq.broker.groups.table import GroupTable
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.json_file import AtomicJsonFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "subscriptionGroup.json"


def kept_at(path: Path, clock: Clock) -> tuple[GroupTable, GroupFile]:
    groups = WriteSide().groups
    file = GroupFile(clock, AtomicJsonFile(RealFiles(), path), groups)
    file.load()
    return groups, file


def test_a_genuine_file_is_read(path: Path) -> None:
    path.parent.mkdir()
    with tarfile.open(WIRE.parent / "store" / "clean.tar.gz") as archive:
        member = archive.extractfile("store/config/subscriptionGroup.json")
        assert member is not None
        path.write_bytes(member.read())
    groups, _ = kept_at(path, Clock())
    assert groups.data_version.counter == 2
    owner = groups.peek("CID_ONSAPI_OWNER")
    assert owner is not None
    assert owner.retry_max_times == 16


def test_changes_are_written_in_the_genuine_format(path: Path) -> None:
    clock = Clock()
    groups, file = kept_at(path, clock)
    groups.get("g")
    groups.set_may_read("g", "T", False)
    saved = file.saved()
    assert saved is not None
    clock.advance(0)
    assert saved.called
    held = json.loads(path.read_bytes())
    assert set(held) == {"dataVersion", "forbiddenTable", "subscriptionGroupTable"}
    assert held["forbiddenTable"] == {"g": {"T": 4}}
    assert held["subscriptionGroupTable"]["g"] == {
        "attributes": {},
        "brokerId": 0,
        "consumeBroadcastEnable": True,
        "consumeEnable": True,
        "consumeFromMinEnable": True,
        "consumeMessageOrderly": False,
        "consumeTimeoutMinute": 15,
        "groupName": "g",
        "groupRetryPolicy": {"type": "CUSTOMIZED"},
        "groupSysFlag": 0,
        "notifyConsumerIdsChangedEnable": True,
        "retryMaxTimes": 16,
        "retryQueueNums": 1,
        "whichBrokerWhenConsumeSlowly": 1,
    }


def test_what_was_written_is_read_again(path: Path) -> None:
    groups, file = kept_at(path, Clock())
    groups.get("g")
    groups.set_may_read("g", "T", False)
    groups.get("gone")
    groups.delete("gone")
    file.save_now()
    again, _ = kept_at(path, Clock())
    assert again.snapshot() == groups.snapshot()
    assert again.forbidden() == groups.forbidden()
    assert again.data_version == groups.data_version
