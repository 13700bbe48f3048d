import importlib.util
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.plugin import IPlugin
from zope.interface.verify import verifyObject

from twistedmq.protocol.compression import (
    DEFAULT_LEVEL,
    LZ4,
    ZLIB,
    ZSTD,
    CompressionError,
    ICompressor,
    compressor,
    decompress_body,
    find_compressor,
)
from twistedmq.protocol.system_flags import with_compression

# Zstandard is an extra.
TYPES = [ZLIB, LZ4] + [ZSTD] * (importlib.util.find_spec("zstandard") is not None)
every_type = pytest.mark.parametrize("number", TYPES)
any_type = st.sampled_from(TYPES)


@given(number=any_type, body=st.binary(max_size=300), level=st.integers(1, 9))
def test_what_is_packed_is_unpacked(number: int, body: bytes, level: int) -> None:
    codec = compressor(number)
    packed = codec.compress(body, level)
    assert codec.decompress(packed, 1000) == body
    flag = with_compression(0, number)
    assert decompress_body(flag, memoryview(packed)) == body


@every_type
def test_it_keeps_the_contract(number: int) -> None:
    codec = compressor(number)
    assert verifyObject(ICompressor, codec)
    assert codec.type_number == number
    assert codec.name in {"ZLIB", "LZ4", "ZSTD"}
    assert number == ZLIB or IPlugin.providedBy(codec)
    assert compressor(number) is codec


@every_type
def test_a_small_body_cannot_fill_the_memory(number: int) -> None:
    codec = compressor(number)
    bomb = codec.compress(bytes(20_000_000), DEFAULT_LEVEL)
    assert len(bomb) < 100_000
    with pytest.raises(CompressionError, match="1000"):
        codec.decompress(bomb, 1000)


@given(number=any_type, data=st.binary(max_size=100))
def test_what_it_did_not_pack_is_refused(number: int, data: bytes) -> None:
    with suppress(CompressionError):
        compressor(number).decompress(data, 10_000)


@every_type
def test_a_torn_body_is_refused(number: int) -> None:
    codec = compressor(number)
    packed = codec.compress(bytes(range(200)), DEFAULT_LEVEL)
    for end in (0, 1, len(packed) // 2, len(packed) - 1):
        with pytest.raises(CompressionError):
            codec.decompress(packed[:end], 10_000)


def test_old_clients_leave_the_type_zero() -> None:
    packed = compressor(ZLIB).compress(b"body", DEFAULT_LEVEL)
    assert decompress_body(1, packed) == b"body"


def test_a_body_that_is_not_packed_is_given_as_it_is() -> None:
    assert decompress_body(0x700, b"body") == b"body"


def test_an_unknown_compressor_is_named() -> None:
    with pytest.raises(CompressionError, match="7"):
        compressor(7)


def test_compressors_are_found_by_name_and_number() -> None:
    assert find_compressor("Zlib") is find_compressor(ZLIB) is compressor(0)
    assert find_compressor("lz4") is find_compressor(LZ4)
    with pytest.raises(CompressionError, match="'rar', not one of"):
        find_compressor("rar")
    with pytest.raises(CompressionError, match="number 6"):
        find_compressor(6)
