"""The bits that a genuine broker gives each group in the bit map of a message. Pure.

Bit maps are not written here (see docs/filters.md), but consumerFilter.json holds the
bits, and a genuine broker believes a file only if they are as its own. Source:
BloomFilter.
"""

from math import ceil, e, log
from typing import Final

from twistedmq.protocol.numbers import to_int32

_MASK: Final = 2**64 - 1
_C1: Final = 0x87C37B91114253D5
_C2: Final = 0x4CF5AD432745937F
_BLOCK: Final = 16


class BloomFilter:
    """Gives bits to texts.

    Args:
        error_percent: how many of a hundred texts may seem to be there that are not.
        expected: how many texts there will be.
    """

    def __init__(self, error_percent: int, expected: int) -> None:
        rate = error_percent / 100
        self.hashes = ceil(log(rate) / log(0.5))
        """How many bits a text gets."""
        bits = ceil(expected * (log(1 / rate) / log(2)) * (log(e) / log(2)))
        self.bits = 8 * ceil(bits / 8)
        """How many there are."""

    def positions(self, text: str) -> list[int]:
        """Give the bits of *text*."""
        hashed = murmur3(text.encode("utf-8", "replace"))
        low, high = to_int32(hashed & 0xFFFFFFFF), to_int32(hashed >> 32)
        return [
            _not_negative(to_int32((low + i * high) & 0xFFFFFFFF)) % self.bits
            for i in range(1, self.hashes + 1)
        ]


def _not_negative(number: int) -> int:
    return ~number if number < 0 else number


def murmur3(data: bytes) -> int:
    """Give the first 64 of the 128 bits of MurmurHash3 for 64-bit machines, seed 0."""
    h1 = h2 = 0
    whole = len(data) - len(data) % _BLOCK
    for at in range(0, whole, _BLOCK):
        k1 = int.from_bytes(data[at : at + 8], "little")
        k2 = int.from_bytes(data[at + 8 : at + 16], "little")
        h1 = _rotate(h1 ^ _first(k1), 27) + h2
        h1 = (h1 * 5 + 0x52DCE729) & _MASK
        h2 = _rotate(h2 ^ _second(k2), 31) + h1
        h2 = (h2 * 5 + 0x38495AB5) & _MASK
    rest = data[whole:]
    h1 ^= _first(int.from_bytes(rest[:8], "little"))
    h2 ^= _second(int.from_bytes(rest[8:], "little"))
    h1, h2 = h1 ^ len(data), h2 ^ len(data)
    h1 = (h1 + h2) & _MASK
    h2 = (h2 + h1) & _MASK
    return (_mix(h1) + _mix(h2)) & _MASK


def _first(block: int) -> int:
    return (_rotate((block * _C1) & _MASK, 31) * _C2) & _MASK


def _second(block: int) -> int:
    return (_rotate((block * _C2) & _MASK, 33) * _C1) & _MASK


def _rotate(number: int, by: int) -> int:
    return ((number << by) | (number >> (64 - by))) & _MASK


def _mix(number: int) -> int:
    number ^= number >> 33
    number = (number * 0xFF51AFD7ED558CCD) & _MASK
    number ^= number >> 33
    number = (number * 0xC4CEB9FE1A85EC53) & _MASK
    return number ^ number >> 33
