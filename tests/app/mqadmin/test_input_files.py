from pathlib import Path

import pytest

from twistedmq.app.mqadmin.input_files import listed
from twistedmq.protocol.bodies.topics import TopicConfig
from twistedmq.protocol.errors import InvalidParameterError


def test_the_array_of_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "topics.json"
    path.write_text('[{"topicName":"a"},{topicName:"b"}]')
    assert [each.topic_name for each in listed(str(path), TopicConfig)] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [("[]", "is an empty array"), ("{", "topics.json: "), ('{"a":1}', "array")],
)
def test_what_is_none_is_told_with_the_file(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = tmp_path / "topics.json"
    path.write_text(text)
    with pytest.raises(InvalidParameterError, match=problem):
        listed(str(path), TopicConfig)


def test_a_file_that_is_not_there_is_no_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        listed(str(tmp_path / "none"), TopicConfig)
