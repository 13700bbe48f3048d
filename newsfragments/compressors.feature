Message bodies are packed and unpacked with zlib, LZ4 and Zstandard; more can be added as plugins.
