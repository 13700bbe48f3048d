"""What is said and answered when a broker makes itself known."""

from typing import NamedTuple

from msgspec import Struct

from twistedmq.protocol.bodies import DataVersion, TopicConfig, TopicQueueMappingInfo
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers.namesrv import NotifyMinBrokerIdChangeRequestHeader

MASTER_ID = 0


class BrokerKey(NamedTuple):
    """One broker process: a cluster's name and an address."""

    cluster: str
    address: str


class Registration(Struct, kw_only=True):
    """What a broker tells about itself."""

    cluster: str
    broker_name: str
    broker_id: int
    address: str
    ha_address: str = ""
    zone: str | None = None
    acting_master: bool | None = None
    """Whether a slave of it may stand in for it; None from brokers that know nothing
    of this."""
    data_version: DataVersion = DataVersion()
    topics: dict[str, TopicConfig] = {}
    mappings: dict[str, TopicQueueMappingInfo] = {}
    filter_servers: list[str] = []

    @property
    def key(self) -> BrokerKey:
        """Which process it is."""
        return BrokerKey(self.cluster, self.address)


class MinIdChange(Struct):
    """Another broker of a name has the smallest id now."""

    addresses: dict[int, str]
    """The brokers of the name by id, as they are now."""
    offline_address: str | None = None
    ha_address: str | None = None

    def to_tell(self) -> list[str]:
        """Give the addresses of those for whom it is news."""
        smallest = min(self.addresses)
        if self.offline_address is not None or len(self.addresses) == 1:
            return list(self.addresses.values())
        return [addr for one, addr in self.addresses.items() if one != smallest]

    def header(self) -> NotifyMinBrokerIdChangeRequestHeader:
        """Word it as a request."""
        smallest = min(self.addresses)
        return NotifyMinBrokerIdChangeRequestHeader(
            min_broker_id=smallest,
            min_broker_addr=self.addresses[smallest],
            offline_broker_addr=self.offline_address,
            ha_broker_addr=self.ha_address,
        )


class Registered(Struct):
    """What became of a registration."""

    accepted: bool = True
    """False: another process of the same name and id has a newer state."""
    master_address: str | None = None
    ha_address: str | None = None
    """Told to slaves only."""
    min_id_change: MinIdChange | None = None


class NotRegisteredYetError(TwistedMQError):
    """A single topic came from a broker that has not told its whole table before."""

    def __init__(self, address: str) -> None:
        """Keep the *address* of the broker."""
        super().__init__("register broker failed")
        self.address = address


class TooManyError(TwistedMQError):
    """A limit of the name server is reached."""

    def __init__(self, what: str, limit: int, setting: str) -> None:
        """Name *what* there is too much of, its *limit* and the *setting*."""
        super().__init__(f"no more than {limit} {what} ({setting})")
        self.what = what
        self.limit = limit
        self.setting = setting
