"""Under which keys a record is found.

A key in the index is ``topic#key``, or ``topic#T#tag`` for a tag. Its hash is made of
the hash of the part that all keys of the topic share, kept for each topic.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from twistedmq.protocol import properties
from twistedmq.protocol.properties import ascii_hash, java_hash
from twistedmq.store.index_interfaces import IndexItem

TAG_TYPE: Final = "T"
_MASK: Final = 0xFFFFFFFF
_SIGN: Final = 0x80000000
_POWERS: Final = [pow(31, n, 1 << 32) for n in range(256)]
_MOST_PREFIXES: Final = 65_536
_VALUE_END: Final = b"\x02"
_UNIQ_KEY: Final = b"\x02%b\x01" % properties.UNIQ_KEY.encode()
_KEYS: Final = b"\x02%b\x01" % properties.KEYS.encode()
_TAGS: Final = b"\x02%b\x01" % properties.TAGS.encode()
"""Where the value of a property begins, if the text does with the end of one."""


def find_key(topic: str, key: str, index_type: str) -> str:
    """Give the text under which *key* of *index_type* ("" or "T") is indexed."""
    if index_type == TAG_TYPE:
        return f"{topic}#{TAG_TYPE}#{key}"
    return f"{topic}#{key}"


def keys_of(item: IndexItem) -> Iterator[str]:
    """Give every text under which *item* is indexed: unique key, keys, tag."""
    encoded = bytes(item.properties)
    for name in (b"UNIQ_KEY", b"KEYS"):
        words = properties.get(encoded, name)
        if words:
            for word in [words] if name == b"UNIQ_KEY" else words.split(b" "):
                if word:
                    yield f"{item.topic}#{word.decode('utf-8', 'replace')}"
    tag = properties.get(encoded, b"TAGS")
    if tag:
        yield find_key(item.topic, tag.decode("utf-8", "replace"), TAG_TYPE)


def hashes_of(topic: str, encoded: bytes) -> list[int]:
    """Give the index hashes of a record: those of ``keys_of``, without the texts."""
    found = []
    data = _VALUE_END + encoded
    start = data.find(_UNIQ_KEY)
    if start >= 0:
        key = _value(data, start + len(_UNIQ_KEY))
        if key:
            found.append(_joined(_prefix_hashes[topic], key))
    start = data.find(_KEYS)
    if start >= 0:
        keys = _value(data, start + len(_KEYS))
        found += [
            _joined(_prefix_hashes[topic], key) for key in keys.split(b" ") if key
        ]
    start = data.find(_TAGS)
    if start >= 0:
        tag = _value(data, start + len(_TAGS))
        if tag:
            found.append(_tag_hash(topic, tag))
    return found


def _value(data: bytes, start: int) -> bytes:
    end = data.find(_VALUE_END, start)
    return data[start:] if end < 0 else data[start:end]


class _PrefixHashes(dict[str, int]):
    """By topic: the hash of what all its keys begin with.

    An ``lru_cache`` moves an entry in a list with each hit, which with thousands of
    topics is a wait for memory, or three.
    """

    def __missing__(self, topic: str) -> int:
        """Make it."""
        if len(self) >= _MOST_PREFIXES:
            self.clear()
        found = self[topic] = java_hash(topic + "#") & _MASK
        return found


_prefix_hashes: Final = _PrefixHashes()


@lru_cache(maxsize=65536)
def _tag_hash(topic: str, tag: bytes) -> int:
    return positive(java_hash(f"{topic}#T#{tag.decode('utf-8', 'replace')}"))


def _joined(prefix: int, key: bytes) -> int:
    """Hash prefix and key as if they were one text."""
    length = len(key)
    if length < len(_POWERS) and key.isascii():
        value = (prefix * _POWERS[length] + ascii_hash(key)) & _MASK
    else:
        text = key.decode("utf-8", "replace")
        units = len(text.encode("utf-16-le", "surrogatepass")) // 2
        value = (prefix * pow(31, units, 1 << 32) + java_hash(text)) & _MASK
    if value < _SIGN:
        return value
    return 0x100000000 - value if value > _SIGN else 0


def positive(value: int) -> int:
    """Give what the index keeps of a 32-bit hash: its distance from zero."""
    value &= _MASK
    if value >= _SIGN:
        value = (-value) & _MASK
    return 0 if value == _SIGN else value
