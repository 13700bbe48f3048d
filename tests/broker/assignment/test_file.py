import json
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from twistedmq.broker.assignment.file import ModeFile
from twistedmq.broker.assignment.modes import RequestModes
from twistedmq.config.assignment import AssignmentConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import (
    MessageRequestMode,
    SetMessageRequestModeRequestBody,
)
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.json_file import AtomicJsonFile, TornFileError

POP = MessageRequestMode.POP
GENUINE = (
    b'{"messageRequestModeMap":{"TPop":{"GMode":{"consumerGroup":"GMode",'
    b'"mode":"POP","popShareQueueNum":8,"topic":"TPop"}}}}'
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config" / "messageRequestMode.json"
    path.parent.mkdir()
    return path


def kept_at(path: Path, clock: Clock) -> tuple[RequestModes, ModeFile]:
    modes = RequestModes(Live(AssignmentConfig()))
    file = ModeFile(clock, AtomicJsonFile(RealFiles(), path), modes)
    file.load()
    return modes, file


def test_a_genuine_file_is_read(path: Path) -> None:
    path.write_bytes(GENUINE)
    modes, _ = kept_at(path, Clock())
    assert modes.of("TPop", "GMode") == (POP, 8)


def test_choices_are_written_in_the_genuine_format(path: Path) -> None:
    clock = Clock()
    modes, file = kept_at(path, clock)
    assert file.saved() is None
    choice = SetMessageRequestModeRequestBody(
        topic="TPop", consumer_group="GMode", mode=POP, pop_share_queue_num=8
    )
    modes.choose("TPop", "GMode", choice)
    saved = file.saved()
    assert saved is not None
    clock.advance(0)
    assert saved.called
    assert json.loads(path.read_bytes()) == json.loads(GENUINE)
    again, _ = kept_at(path, clock)
    assert again.of("TPop", "GMode") == (POP, 8)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"messageRequestModeMap":{"T":{"g":7}}}'],
)
def test_a_spoiled_file_is_not_taken_for_no_choices(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(TornFileError, match=r"messageRequestMode\.json"):
        kept_at(path, Clock())
