"""After which delay a failed message comes back. Pure.

A consumer that does not ask for a level leaves it to the broker: the third level at
first, one more with each try. A group may have a retry policy of its own; it counts in
ms, and its message waits for the first level that is not shorter. (The genuine broker
keeps those policies for its proxy, and does not look at them here.)
Source: AbstractSendMessageProcessor.consumerSendMsgBack, GroupRetryPolicy.
"""

from bisect import bisect_left
from itertools import accumulate
from typing import Final

from twistedmq.protocol.bodies import GroupRetryPolicy, GroupRetryPolicyType
from twistedmq.store.delay_levels import DelayLevels

FIRST_LEVEL: Final = 3
_MOST_STEPS: Final = 32
"""A delay by an exponential policy does not grow beyond so many steps."""


def retry_level(policy: GroupRetryPolicy, tried: int, levels: DelayLevels) -> int:
    """Give the level for a message that was tried again *tried* times already."""
    wanted_ms = policy_delay_ms(policy, tried)
    if wanted_ms is None:
        return FIRST_LEVEL + max(tried, 0)
    # A level counts by the longest up to it: the setting need not be in order.
    longest_ms = list(accumulate(levels.delays_ms, max))
    return min(bisect_left(longest_ms, wanted_ms) + 1, levels.highest)


def policy_delay_ms(policy: GroupRetryPolicy, tried: int) -> int | None:
    """Give the delay of a group's own policy; None where it has none."""
    tried = max(tried, 0)
    growing, listed = policy.exponential_retry_policy, policy.customized_retry_policy
    if policy.type is GroupRetryPolicyType.EXPONENTIAL and growing is not None:
        factor: int = growing.multiplier ** min(tried, _MOST_STEPS)
        return min(growing.max, growing.initial * factor)
    if policy.type is GroupRetryPolicyType.CUSTOMIZED and listed and listed.next:
        place = tried + FIRST_LEVEL - 1
        return listed.next[min(place, len(listed.next) - 1)]
    return None
