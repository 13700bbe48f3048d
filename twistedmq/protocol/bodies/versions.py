"""The version of a table that is kept in several places."""

from msgspec import Struct

from twistedmq.protocol.numbers import Int64


class DataVersion(Struct, frozen=True, kw_only=True, rename="camel"):
    """When a table changed last and how often it did."""

    counter: Int64 = 0
    state_version: Int64 = 0
    timestamp: Int64 = 0

    def next(self, now_ms: int, state_version: int = 0) -> "DataVersion":
        """Give the version behind this one, for a table that has just changed."""
        return DataVersion(
            counter=self.counter + 1, state_version=state_version, timestamp=now_ms
        )

    def is_newer_than(self, other: "DataVersion") -> bool:
        """Whether this one comes after *other*: by state, then count, then time."""
        return self._rank() > other._rank()

    def _rank(self) -> tuple[int, int, int]:
        return self.state_version, self.counter, self.timestamp
