"""Where messages are kept: bytes on disk or in memory, no sockets."""
