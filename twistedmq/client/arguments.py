"""What users pass to calls, looked at before anything is sent."""

from collections.abc import Sequence

from twistedmq.client.errors import ArgumentError
from twistedmq.protocol.numbers import INT32_MAX

LONGEST_S = INT32_MAX / 1000
"""Times go over the wire as ms, and brokers keep some of them in 32 bits."""


def check_range(
    name: str, value: float, least: float, most: float | None = None
) -> None:
    """See that *value* is a number from *least* to *most*.

    Raises:
        ArgumentError: it is not.
    """
    limit = f"at least {least:g}" if most is None else f"{least:g} to {most:.15g}"
    if not isinstance(value, int | float):
        raise ArgumentError(name, value, f"a number, {limit}")
    if not value >= least or (most is not None and value > most):
        raise ArgumentError(name, value, limit)


def check_some(name: str, value: Sequence[object]) -> None:
    """See that there is at least one.

    Raises:
        ArgumentError: there is none.
    """
    if not value:
        raise ArgumentError(name, value, "at least one")


def to_ms(name: str, seconds: float, least_s: float = 0.0) -> int:
    """Give whole ms.

    Raises:
        ArgumentError: fewer than *least_s*, or more than goes over the wire.
    """
    check_range(name, seconds, least_s, LONGEST_S)
    return round(seconds * 1000)
