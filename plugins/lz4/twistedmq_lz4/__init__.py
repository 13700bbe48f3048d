"""LZ4 for message bodies, in the frame format that RocketMQ clients use.

Written against ``ICompressor`` alone. The library itself is imported when first used,
so that looking for plugins stays cheap.
"""

from twisted.plugin import IPlugin
from zope.interface import implementer

from twistedmq.protocol.compression import LZ4, CompressionError, ICompressor


@implementer(ICompressor, IPlugin)
class Lz4Compressor:
    """Fast to pack and to unpack; the level is ignored, as the genuine one does."""

    type_number = LZ4
    name = "LZ4"

    def compress(self, data: bytes, level: int) -> bytes:
        """See ICompressor."""
        import lz4.frame  # type: ignore[import-untyped]  # noqa: PLC0415

        packed: bytes = lz4.frame.compress(data)
        return packed

    def decompress(self, data: bytes, max_bytes: int) -> bytes:
        """See ICompressor."""
        import lz4.frame  # noqa: PLC0415

        unpacker = lz4.frame.LZ4FrameDecompressor()
        try:
            body: bytes = unpacker.decompress(data, max_bytes)
        except (RuntimeError, EOFError) as error:
            raise CompressionError(f"a body is not packed with LZ4: {error}") from None
        if not unpacker.eof:
            problem = (
                "is torn" if unpacker.needs_input else f"is over {max_bytes} bytes"
            )
            raise CompressionError(f"a body packed with LZ4 {problem}")
        return body
