"""The keys of queues that are shared out by the broker."""

from typing import Final

from twistedmq.config.assignment import AssignmentConfig
from twistedmq.config.keys import Key
from twistedmq.config.values import BOOLEAN, COUNT, INT, choice
from twistedmq.protocol.bodies import MessageRequestMode

ASSIGNMENT_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "defaultMessageRequestMode",
        choice({mode.value: mode for mode in MessageRequestMode}),
        AssignmentConfig,
        "default_mode",
        "Whether members of a group that ask the broker for their queues are to pull "
        "or to pop them, where setConsumeMode was not used.",
    ),
    Key(
        "defaultPopShareQueueNum",
        INT,
        AssignmentConfig,
        "default_share",
        "With how many others a member that pops shares its queues, where that was "
        "not chosen; 0 or less: everyone pops every queue.",
    ),
    Key(
        "serverLoadBalancerEnable",
        BOOLEAN,
        AssignmentConfig,
        "balance",
        "Share queues out among the members that ask the broker for theirs; off, each "
        "of them is given all queues.",
    ),
    Key(
        "loadBalancePollNameServerInterval",
        COUNT,
        AssignmentConfig,
        "route_poll_ms",
        "How long the broker relies on what a name server said about the queues that "
        "it shares out, ms.",
    ),
)
