Message bodies were packed and unpacked with zlib, LZ4 and Zstandard; more could be added as plugins.
