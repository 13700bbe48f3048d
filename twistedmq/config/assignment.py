"""How queues are shared out where a broker does it for the members of a group."""

from dataclasses import dataclass

from twistedmq.protocol.bodies import MessageRequestMode


@dataclass(frozen=True)
class AssignmentConfig:
    """Who gets which queues, and how."""

    default_mode: MessageRequestMode = MessageRequestMode.PULL
    """How a group consumes a topic where nobody chose."""
    default_share: int = -1
    """With how many others a member that pops shares its queues, where nobody chose;
    0 or less: everyone pops everything."""
    balance: bool = True
    """Share queues out; off, each member is given all of them."""
    route_poll_ms: int = 30_000
    """How long the queues that a name server told hold."""
