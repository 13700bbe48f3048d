"""The clocks of brokers, by which the time of popped messages runs."""

from collections.abc import Callable


class BrokerClocks:
    """Knows how far each broker's clock is from ours, by the times of its pops.

    Args:
        wall_ms: our own clock.
    """

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._ahead_ms: dict[str, int] = {}

    def learn(self, broker_name: str, popped_ms: int) -> None:
        """Take in the time of a pop whose answer has just come."""
        self._ahead_ms[broker_name] = popped_ms - self._wall_ms()

    def now_ms(self, broker_name: str) -> int:
        """Give what a broker's clock shows; ours, where nothing is known of it."""
        return self._wall_ms() + self._ahead_ms.get(broker_name, 0)
