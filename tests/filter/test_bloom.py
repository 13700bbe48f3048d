import pytest

from twistedmq.filter.bloom import BloomFilter, murmur3

GENUINE = {
    "billing#orders": [31, 20, 9],
    "g#t": [22, 87, 58],
    "Gr\u00f6\u00dfe#x": [21, 91, 49],
    "0123456789abcdef0123456789abcdefXYZ": [42, 107, 51],
    "": [0, 0, 0],
}
"""What the genuine filter gives for 20 % and 32 groups."""


@pytest.mark.parametrize(("text", "positions"), GENUINE.items())
def test_bits_are_the_genuine_ones(text: str, positions: list[int]) -> None:
    bloom = BloomFilter(20, 32)
    assert (bloom.bits, bloom.hashes) == (112, 3)
    assert bloom.positions(text) == positions


def test_a_larger_one() -> None:
    bloom = BloomFilter(1, 1000)
    assert bloom.bits == 9592
    assert bloom.positions("billing#orders") == [
        9391, 3388, 6977, 974, 4563, 8152, 2149,
    ]  # fmt: skip


def test_the_hash_is_one_of_64_bits() -> None:
    assert murmur3(b"") == 0
    for length in range(40):
        assert 0 <= murmur3(b"\xff" * length) < 2**64
