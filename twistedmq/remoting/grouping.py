"""Which neighbouring frames of one read can be served as a batch."""

from collections.abc import Container, Iterator, Sequence
from typing import Final

from twistedmq.protocol.command import JSON
from twistedmq.protocol.framing import peek_code

_CODE_FIRST: Final = b'{"code":'
_START: Final = slice(4, 23)
"""Where a JSON header begins, as far as a code of any length and a comma reach: frames
that agree there, and begin with the code, have the same one."""


def grouped(
    frames: Sequence[bytes], batch_codes: Container[int]
) -> Iterator[tuple[int, list[bytes]]]:
    """Give (code, consecutive frames of that code), in order.

    Frames whose code is not in *batch_codes*, or cannot be seen without decoding,
    come as they are, with -1 for the code.
    """
    group: list[bytes] = []
    group_code = -1
    start = b"none"
    for frame in frames:
        if frame[_START] != start or frame[0] != JSON:
            code = peek_code(frame)
            if code not in batch_codes:
                code = -1
            start = frame[_START] if frame.startswith(_CODE_FIRST, 4) else b"none"
            if code != group_code:
                if group:
                    yield group_code, group
                group, group_code = [], code
        group.append(frame)
    if group:
        yield group_code, group
