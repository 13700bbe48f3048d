"""The tables of a broker beside its store: topics, and what groups have consumed."""

from pathlib import Path
from typing import Any, Final

from twistedmq.protocol import loose_json
from twistedmq.protocol.errors import FieldError
from twistedmq.store.json_file import AtomicJsonFile
from twistedmq.store.offline.directory import StoreDirectory

_OFFSET_TABLES: Final = ("consumerOffset.json", "lmqConsumerOffset.json")


def known_topics(directory: StoreDirectory) -> dict[str, dict[str, Any]]:
    """Give the attributes of each topic of the broker; none if they are unreadable."""
    topics = _table(directory, "topics.json", "topicConfigTable")
    found = {}
    for name, topic in topics.items():
        attributes = topic.get("attributes") if isinstance(topic, dict) else None
        found[name] = attributes if isinstance(attributes, dict) else {}
    return found


def committed(directory: StoreDirectory) -> dict[tuple[str, str, int], int]:
    """Give what groups had consumed when it was saved: (group, topic, queue id)."""
    found: dict[tuple[str, str, int], int] = {}
    for name in _OFFSET_TABLES:
        for key, offsets in _table(directory, name, "offsetTable").items():
            topic, _, group = key.partition("@")
            for queue_id, offset in _members(offsets).items():
                if queue_id.isdigit() and isinstance(offset, int):
                    found[group, topic, int(queue_id)] = offset
    return found


def _table(directory: StoreDirectory, name: str, member: str) -> dict[str, Any]:
    path: Path = directory.paths.config / name
    try:
        data = AtomicJsonFile(directory.files, path).load()
        table = loose_json.decode(data or b"{}", type=dict[str, Any])
    except (OSError, FieldError):
        return {}
    return _members(table.get(member))


def _members(value: object) -> dict[str, Any]:
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else {}
