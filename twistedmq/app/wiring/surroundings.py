"""What a broker is put into."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from twistedmq.config.settings import LiveSettings
from twistedmq.protocol.addresses import format_address
from twistedmq.remoting.client import ClientPool
from twistedmq.remoting.timer_wheel import TimerWheel, monotonic_of
from twistedmq.store.context import StoreContext
from twistedmq.store.interfaces import IMessageStore
from twistedmq.store.workers import Workers


@dataclass
class Surroundings:
    """What a broker is put into."""

    reactor: Any
    settings: LiveSettings
    wheel: TimerWheel
    context: StoreContext
    store: IMessageStore
    workers: Workers
    """Write the tables' files."""
    client: ClientPool
    """Opens connections to name servers."""
    host: str
    """Address that clients are told."""
    port: int
    random: Random = field(default_factory=Random)

    @property
    def seconds(self) -> Callable[[], float]:
        """The monotonic clock."""
        return monotonic_of(self.reactor)

    @property
    def wall_ms(self) -> Callable[[], int]:
        """The wall clock."""
        wall_ms: Callable[[], int] = self.context.wall_ms
        return wall_ms

    @property
    def address(self) -> str:
        """HOST:PORT that clients are told."""
        return format_address(self.host, self.port)
