"""The names of the versions that clients and servers number. Source: MQVersion."""

from collections.abc import Iterator
from typing import Final

_EARLY: Final = (
    "V3_0_0_SNAPSHOT",
    "V3_0_0_ALPHA1",
    *(f"V3_0_0_BETA{n}" for n in range(1, 6)),
    *(
        name
        for n in range(6, 10)
        for name in (f"V3_0_0_BETA{n}_SNAPSHOT", f"V3_0_0_BETA{n}")
    ),
    "V3_0_0_FINAL",
)


def _releases() -> Iterator[tuple[int, int, int]]:
    yield from ((3, 0, patch) for patch in range(1, 16))
    for minor in range(1, 10):
        first = 0 if minor <= 2 else 1
        yield from ((3, minor, patch) for patch in range(first, 10))
    for major in (4, 5):
        yield from ((major, n // 10, n % 10) for n in range(100))


VERSION_NAMES: Final = (
    *_EARLY,
    *(
        f"V{major}_{minor}_{patch}{kind}"
        for major, minor, patch in _releases()
        for kind in ("_SNAPSHOT", "")
    ),
    "HIGHER_VERSION",
)


def version_name(number: int) -> str:
    """Give the name of a version, the last one for a number that is not known."""
    return VERSION_NAMES[min(max(0, number), len(VERSION_NAMES) - 1)]
