"""Which brokers to leave alone for a while: pure, by the genuine back-off tables.

Source: MQFaultStrategy, LatencyFaultToleranceImpl.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from twistedmq.protocol.errors import InvalidParameterError

ISOLATED_S = 10.0
"""A broker that failed counts as one that took so long."""


class BackOff(Struct, frozen=True):
    """How long a broker is left alone after it took so long; both in seconds.

    Raises:
        InvalidParameterError: the tables differ in length, or do not rise.
    """

    latency_s: Sequence[float] = (0.05, 0.1, 0.55, 1.8, 3.0, 5.0, 15.0)
    left_alone_s: Sequence[float] = (0.0, 0.0, 2.0, 5.0, 6.0, 10.0, 30.0)

    def __post_init__(self) -> None:
        """Check the tables."""
        if len(self.latency_s) != len(self.left_alone_s):
            raise InvalidParameterError(
                f"latency_s has {len(self.latency_s)} steps, "
                f"left_alone_s has {len(self.left_alone_s)}"
            )
        for name in ("latency_s", "left_alone_s"):
            steps = getattr(self, name)
            if any(after < before for before, after in pairwise(steps)):
                raise InvalidParameterError(f"{name} does not rise: {steps}")

    def for_latency(self, took_s: float) -> float:
        """Give how long a broker is left alone that took *took_s*."""
        found = 0.0
        for step_s, alone_s in zip(self.latency_s, self.left_alone_s, strict=True):
            if took_s < step_s:
                break
            found = alone_s
        return found


class _Fault:
    """What is known of one broker."""

    __slots__ = ("available_at_s", "probe_at_s", "reachable")

    def __init__(self) -> None:
        self.available_at_s = 0.0
        self.reachable = True
        self.probe_at_s = 0.0


class Faults:
    """What is known of brokers, by name. Times are seconds of any one clock.

    Args:
        back_off: how long they are left alone.
    """

    def __init__(self, back_off: BackOff | None = None) -> None:
        self._back_off = back_off or BackOff()
        self._faults: dict[str, _Fault] = {}

    def __len__(self) -> int:
        """Count the brokers of which something is known."""
        return len(self._faults)

    def took(self, broker_name: str, now_s: float, took_s: float) -> None:
        """Note that a broker answered after *took_s*."""
        fault = self._faults.get(broker_name)
        alone_s = self._back_off.for_latency(took_s)
        if fault is None:
            if not alone_s:
                return  # as good as one that is not known
            fault = self._faults[broker_name] = _Fault()
        fault.reachable = True
        self._leave_alone(fault, now_s, alone_s)

    def failed(self, broker_name: str, now_s: float, *, reachable: bool) -> None:
        """Note that a broker failed; *reachable*: it may be asked all the same."""
        fault = self._faults.setdefault(broker_name, _Fault())
        fault.reachable = reachable
        self._leave_alone(fault, now_s, self._back_off.for_latency(ISOLATED_S))

    def answers(self, broker_name: str) -> None:
        """Note that a broker can be reached again."""
        fault = self._faults.get(broker_name)
        if fault is not None:
            fault.reachable = True

    def forget(self, broker_name: str) -> None:
        """Forget a broker that is gone."""
        self._faults.pop(broker_name, None)

    def is_available(self, broker_name: str, now_s: float) -> bool:
        """Whether it need not be left alone."""
        fault = self._faults.get(broker_name)
        return fault is None or now_s >= fault.available_at_s

    def is_reachable(self, broker_name: str) -> bool:
        """Whether it answered last, as far as is known."""
        fault = self._faults.get(broker_name)
        return fault is None or fault.reachable

    def to_probe(self, now_s: float, interval_s: float) -> Iterator[str]:
        """Give the brokers that are to be probed now, and no more for *interval_s*."""
        for broker_name, fault in list(self._faults.items()):
            if now_s >= fault.probe_at_s:
                fault.probe_at_s = now_s + interval_s
                yield broker_name

    def _leave_alone(self, fault: _Fault, now_s: float, alone_s: float) -> None:
        # a good answer does not call off what a bad one has earned
        if alone_s > 0:
            fault.available_at_s = max(fault.available_at_s, now_s + alone_s)
