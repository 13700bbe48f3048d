"""Zstandard for message bodies. Needs the extra ``twistedmq[zstd]``.

Written against ``ICompressor`` alone. The library itself is imported when first used,
so that looking for plugins stays cheap.
"""

from types import ModuleType
from typing import Final

from twisted.plugin import IPlugin
from zope.interface import implementer

from twistedmq.protocol.compression import ZSTD, CompressionError, ICompressor

# Clients in Java do not write how large the body is, so it shows only while unpacking:
# 4 bytes may become 128 KiB, hence no more than 8 MiB too much are ever made.
_PIECE: Final = 256


@implementer(ICompressor, IPlugin)
class ZstdCompressor:
    """Small, at some cost of time when packing."""

    type_number = ZSTD
    name = "ZSTD"

    def compress(self, data: bytes, level: int) -> bytes:
        """See ICompressor."""
        packed: bytes = _library().ZstdCompressor(level=level).compress(data)
        return packed

    def decompress(self, data: bytes, max_bytes: int) -> bytes:
        """See ICompressor."""
        zstandard = _library()
        reader = zstandard.ZstdDecompressor().decompressobj()
        parts: list[bytes] = []
        size = 0
        try:
            for start in range(0, len(data), _PIECE):
                parts.append(reader.decompress(data[start : start + _PIECE]))
                size += len(parts[-1])
                if size > max_bytes:
                    raise CompressionError(f"a body is over {max_bytes} bytes")
        except zstandard.ZstdError as error:
            raise CompressionError(f"a body is not packed with zstd: {error}") from None
        if not reader.eof:
            raise CompressionError("a body packed with zstd is torn")
        return b"".join(parts)


def _library() -> ModuleType:
    try:
        import zstandard  # noqa: PLC0415
    except ImportError:
        raise CompressionError(
            "zstd needs the package zstandard: install twistedmq[zstd]"
        ) from None
    return zstandard
