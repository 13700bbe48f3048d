"""Compressed message bodies, and the door through which compressors come."""

import zlib
from typing import Final

from twisted.plugin import getPlugins
from zope.interface import Attribute, Interface, implementer

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.system_flags import compression_type, is_compressed

LZ4: Final = 1
ZSTD: Final = 2
ZLIB: Final = 3
"""Type numbers, as the system flag of a record holds them."""

DEFAULT_LEVEL: Final = 5
MAX_BODY_BYTES: Final = 256 * 1024 * 1024
"""No body is unpacked beyond this, whatever its few bytes claim."""


class CompressionError(TwistedMQError):
    """A body cannot be packed or unpacked."""


class ICompressor(Interface):
    """Bytes to fewer bytes and back; a plugin provides ``IPlugin``, too."""

    type_number: int = Attribute("What the system flag of a record calls it: 1 to 7.")
    name: str = Attribute('What settings call it: "ZLIB".')

    def compress(data: bytes, level: int) -> bytes:
        """Pack *data*; *level* is 1 (fast) to 9 (small) and may be ignored."""

    def decompress(data: bytes, max_bytes: int) -> bytes:
        """Unpack *data*.

        Raises:
            CompressionError: it was not packed by this one, is torn, or would give
                more than *max_bytes*.
        """


@implementer(ICompressor)
class ZlibCompressor:
    """What clients use unless told otherwise."""

    type_number = ZLIB
    name = "ZLIB"

    def compress(self, data: bytes, level: int) -> bytes:
        """See ICompressor."""
        return zlib.compress(data, level)

    def decompress(self, data: bytes, max_bytes: int) -> bytes:
        """See ICompressor."""
        unpacker = zlib.decompressobj()
        try:
            body = unpacker.decompress(data, max_bytes)
        except zlib.error as error:
            raise CompressionError(f"a body is not packed with zlib: {error}") from None
        if unpacker.unconsumed_tail:
            raise CompressionError(f"a body has more than {max_bytes} bytes unpacked")
        if not unpacker.eof:
            raise CompressionError("a body packed with zlib is torn")
        return body


_ZLIB: Final = ZlibCompressor()
_known: Final[dict[int, ICompressor]] = {0: _ZLIB, ZLIB: _ZLIB}


def compressor(type_number: int) -> ICompressor:
    """Give the compressor with that number; 0 and 3 are zlib.

    Raises:
        CompressionError: there is none with that number.
    """
    if type_number not in _known:
        for found in getPlugins(ICompressor):
            _known.setdefault(found.type_number, found)
    try:
        return _known[type_number]
    except KeyError:
        raise CompressionError(
            f"there is no compressor with the number {type_number}"
        ) from None


def find_compressor(name_or_number: str | int) -> ICompressor:
    """Give the compressor with that name, in any case, or that number.

    Raises:
        CompressionError: there is none, or the library that it needs is missing.
    """
    if isinstance(name_or_number, int):
        found = compressor(name_or_number)
    else:
        found = _named(name_or_number.upper())
    if found is not _ZLIB:
        found.compress(b"", DEFAULT_LEVEL)  # libraries are imported when first used
    return found


def _named(name: str) -> ICompressor:
    if name == _ZLIB.name:
        return _ZLIB
    everyone = {each.name.upper(): each for each in getPlugins(ICompressor)}
    if name not in everyone:
        known = ", ".join(sorted({_ZLIB.name, *everyone})).lower()
        raise CompressionError(f"compression is {name.lower()!r}, not one of {known}")
    found = everyone[name]
    return _known.setdefault(found.type_number, found)


def decompress_body(
    sys_flag: int, body: Buffer, max_bytes: int = MAX_BODY_BYTES
) -> bytes:
    """Give the body that the sender had, as *sys_flag* of the record says.

    Raises:
        CompressionError: it cannot be unpacked.
    """
    if not is_compressed(sys_flag):
        return bytes(body)
    unpack = compressor(compression_type(sys_flag)).decompress
    return unpack(bytes(body), max_bytes)
