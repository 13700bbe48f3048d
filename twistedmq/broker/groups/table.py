"""The consumer groups of a broker: a pure table; no file, no clock, no network.

Source: SubscriptionGroupManager.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from twistedmq.broker.attributes import GROUP_ATTRIBUTES, apply_changes
from twistedmq.broker.versioned_table import VersionedTable
from twistedmq.config.broker import BrokerLimits, GroupDefaults
from twistedmq.config.live import Live
from twistedmq.protocol import names
from twistedmq.protocol.bodies import DataVersion, SubscriptionGroupConfig
from twistedmq.protocol.errors import (
    InvalidParameterError,
    MessageIllegalError,
    ServiceUnavailableError,
)

SYSTEM_GROUPS: Final = (
    names.TOOLS_CONSUMER_GROUP,
    names.FILTER_SERVER_GROUP,
    names.SELF_TEST_CONSUMER_GROUP,
    names.ONS_HTTP_PROXY_GROUP,
    names.ONSAPI_PULL_GROUP,
    names.ONSAPI_PERMISSION_GROUP,
    names.ONSAPI_OWNER_GROUP,
    names.TRANSACTION_GROUP,
)

FORBIDDEN_READ: Final = 1 << 2
"""The bit of a forbidden mask that says: this group may not read this topic."""


class GroupTable(VersionedTable[SubscriptionGroupConfig]):
    """What this broker knows of each consumer group.

    Args:
        defaults: whether a group is created when it is looked up.
        limits: how many groups there may be.
        wall_ms: the wall clock, for the data version.
        has_light_queues: whether groups named as light queues exist, all alike, and are
            not kept.
    """

    def __init__(
        self,
        defaults: Live[GroupDefaults],
        limits: Live[BrokerLimits],
        wall_ms: Callable[[], int],
        has_light_queues: bool = False,
    ) -> None:
        super().__init__(
            {
                group: SubscriptionGroupConfig(group_name=group)
                for group in SYSTEM_GROUPS
            },
            wall_ms,
        )
        self._defaults = defaults
        self._limits = limits
        self._has_light_queues = has_light_queues
        self._forbidden: dict[str, dict[str, int]] = {}

    def get(self, group: str) -> SubscriptionGroupConfig | None:
        """Find a group, creating it where settings and its name allow."""
        known = self.peek(group)
        return self._create(group) if known is None else known

    def peek(self, group: str) -> SubscriptionGroupConfig | None:
        """Find a group; creates none."""
        known = self._configs.get(group)
        if known is None and self._has_light_queues and names.is_lmq(group):
            return SubscriptionGroupConfig(group_name=group)
        return known

    def forbidden(self) -> dict[str, dict[str, int]]:
        """Give a copy of the forbidden masks, by group and topic."""
        return {group: dict(masks) for group, masks in self._forbidden.items()}

    def load(
        self,
        configs: Mapping[str, SubscriptionGroupConfig],
        forbidden: Mapping[str, Mapping[str, int]],
        version: DataVersion,
    ) -> None:
        """Take over what a file holds, over the groups that exist by themselves.

        Listeners are not told: this is how the table begins.
        """
        self._take_over(configs, version)
        self._forbidden.update({g: dict(masks) for g, masks in forbidden.items()})

    def put(self, config: SubscriptionGroupConfig) -> None:
        """Put *config* in the place of what has its name."""
        if self._has_light_queues and names.is_lmq(config.group_name):
            return
        self._configs[config.group_name] = config
        self._changed(config.group_name)

    def update(self, wished: SubscriptionGroupConfig) -> None:
        """Create or change a group, as ``update_all`` does."""
        self.update_all([wished])

    def update_all(self, wishes: Sequence[SubscriptionGroupConfig]) -> None:
        """Create or change groups: all of them, or none where one cannot be.

        ``attributes`` of a wish are changes, see attributes.

        Raises:
            AttributesError, InvalidParameterError: and then nothing was changed.
        """
        configs = {config.group_name: config for config in map(self._after, wishes)}
        self._check_room(len(configs.keys() - self._configs.keys()))
        for config in configs.values():
            self.put(config)

    def _after(self, wished: SubscriptionGroupConfig) -> SubscriptionGroupConfig:
        """Give how a group would be after *wished*."""
        limit, count = self._limits.value.max_queues_per_topic, wished.retry_queue_nums
        if not 0 <= count <= limit:
            raise InvalidParameterError(
                f"retryQueueNums of group {wished.group_name} is {count}, allowed is 0 "
                f"to {limit} (maxQueuesPerTopic)"
            )
        known = self._configs.get(wished.group_name)
        current = None if known is None else known.attributes or {}
        changes = wished.attributes or {}
        attributes = apply_changes(current, changes, GROUP_ATTRIBUTES)
        return replace(wished, attributes=attributes)

    def delete(self, group: str) -> bool:
        """Forget *group* and what it may not read; gives whether it existed."""
        self._forbidden.pop(group, None)
        if self._configs.pop(group, None) is None:
            return False
        self._changed(group)
        return True

    def may_read(self, group: str, topic: str) -> bool:
        """Say whether *group* may read *topic*."""
        return not self._mask(group, topic) & FORBIDDEN_READ

    def set_may_read(self, group: str, topic: str, allowed: bool) -> None:
        """Forbid or allow *group* to read *topic*."""
        mask = self._mask(group, topic)
        mask = mask & ~FORBIDDEN_READ if allowed else mask | FORBIDDEN_READ
        masks = self._forbidden.setdefault(group, {})
        if mask:
            masks[topic] = mask
        else:
            masks.pop(topic, None)
        if not masks:
            del self._forbidden[group]
        self._changed(group)

    def _mask(self, group: str, topic: str) -> int:
        return max(0, self._forbidden.get(group, {}).get(topic, 0))

    def _create(self, group: str) -> SubscriptionGroupConfig | None:
        if not self._may_create(group):
            return None
        self._check_room()
        config = SubscriptionGroupConfig(group_name=group)
        self.put(config)
        return config

    def _may_create(self, group: str) -> bool:
        defaults = self._defaults.value
        of_system = defaults.auto_create_system and names.is_system_group(group)
        if not (defaults.auto_create or of_system):
            return False
        try:
            names.check_group(group)
        except MessageIllegalError:
            return False
        return True

    def _check_room(self, count: int = 1) -> None:
        limit = self._limits.value.max_groups
        if count and len(self._configs) + count > limit:
            raise ServiceUnavailableError(
                f"no more than {limit} consumer groups are allowed (maxGroups)"
            )
