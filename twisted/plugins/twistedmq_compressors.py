"""Makes the first-party compressors known to ``twisted.plugin``."""

from twistedmq_lz4 import Lz4Compressor
from twistedmq_zstd import ZstdCompressor

lz4 = Lz4Compressor()
zstd = ZstdCompressor()
