"""What consumer groups may do: the settings that each broker keeps of them."""

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from twistedmq.admin.asking import Asking
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.protocol import loose_json, names
from twistedmq.protocol.bodies.assignments import (
    MessageRequestMode,
    MessageRequestModeSerializeWrapper,
    SetMessageRequestModeRequestBody,
)
from twistedmq.protocol.bodies.groups import (
    GroupForbidden,
    SubscriptionGroupConfig,
    SubscriptionGroupList,
    SubscriptionGroupWrapper,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.headers.groups import (
    DeleteSubscriptionGroupRequestHeader,
    GetSubscriptionGroupConfigRequestHeader,
    UpdateGroupForbiddenRequestHeader,
)


class GroupConfigs:
    """The settings of the groups of one cluster.

    Calls fail with RefusedError, NoNameServerError or an error of the remoting room.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    # Of a cluster

    @gives_deferred
    async def put(
        self, config: SubscriptionGroupConfig, *, cluster: str | None = None
    ) -> None:
        """Make a group on all masters of *cluster* (of all), or change it.

        What *config* does not say becomes what a new group has.

        Raises:
            MessageIllegalError: the group's name is not allowed.
            InvalidParameterError: a number is below what it may be.
            NotThereError: there is no such cluster.
        """
        _check(config)
        body = loose_json.encode(config)
        code = RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP
        await self._ask_masters(code, None, cluster, body)

    @gives_deferred
    async def get(self, group: str) -> dict[str, SubscriptionGroupConfig]:
        """Give the settings of *group* by broker; those that do not know it are left
        out.
        """
        found = {}
        for name, address in (await self._asking.cluster.masters()).items():
            known = (await self.all_at(address)).subscription_group_table
            if group in known:
                found[name] = known[group]
        return found

    @gives_deferred
    async def delete(
        self, group: str, *, cluster: str | None = None, clean_offsets: bool = True
    ) -> None:
        """Delete *group* from all masters of *cluster* (of all).

        Its offsets go with it unless *clean_offsets* is false. Its retry and
        dead-letter topics stay: see ``Topics.delete``.
        """
        header = DeleteSubscriptionGroupRequestHeader(
            group_name=group, clean_offset=clean_offsets
        )
        code = RequestCode.DELETE_SUBSCRIPTIONGROUP
        await self._ask_masters(code, header, cluster)

    # Of one broker

    @gives_deferred
    async def put_at(self, address: str, *configs: SubscriptionGroupConfig) -> None:
        """Make or change groups on one broker; several in one request."""
        for config in configs:
            _check(config)
        if len(configs) == 1:
            body = loose_json.encode(configs[0])
            code = RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP
        else:
            body = loose_json.encode(
                SubscriptionGroupList(group_config_list=list(configs))
            )
            code = RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST
        await self._asking.calls.ask(address, code, None, body)

    @gives_deferred
    async def get_at(self, address: str, group: str) -> SubscriptionGroupConfig:
        """Give the settings of *group* on one broker.

        Fails with RefusedError (SUBSCRIPTION_GROUP_NOT_EXIST) where it has none, unless
        the broker makes groups on the fly: then this makes it.
        """
        header = GetSubscriptionGroupConfigRequestHeader(group=group)
        code = RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG
        return await self._asking.body(address, code, header, SubscriptionGroupConfig)

    @gives_deferred
    async def all_at(self, address: str) -> SubscriptionGroupWrapper:
        """Give the settings of all groups on one broker."""
        code = RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG
        return await self._asking.body(address, code, None, SubscriptionGroupWrapper)

    @gives_deferred
    async def delete_at(
        self, address: str, group: str, *, clean_offsets: bool = False
    ) -> None:
        """Delete *group* from one broker."""
        header = DeleteSubscriptionGroupRequestHeader(
            group_name=group, clean_offset=clean_offsets
        )
        code = RequestCode.DELETE_SUBSCRIPTIONGROUP
        await self._asking.calls.ask(address, code, header)

    @gives_deferred
    async def forbid_at(
        self, address: str, group: str, topic: str, *, readable: bool | None = None
    ) -> GroupForbidden:
        """Say whether *group* may read *topic* on one broker; None: only ask."""
        header = UpdateGroupForbiddenRequestHeader(
            group=group, topic=topic, readable=readable
        )
        code = RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN
        return await self._asking.body(address, code, header, GroupForbidden)

    # How its members get messages

    @gives_deferred
    async def set_mode_at(
        self,
        address: str,
        group: str,
        topic: str,
        mode: MessageRequestMode,
        *,
        pop_share_queues: int = 0,
    ) -> None:
        """Say whether *group* pulls or pops *topic* from one broker.

        *pop_share_queues* is how many members share a queue by popping; 0: all.
        """
        body = SetMessageRequestModeRequestBody(
            topic=topic,
            consumer_group=group,
            mode=mode,
            pop_share_queue_num=pop_share_queues,
        )
        code = RequestCode.SET_MESSAGE_REQUEST_MODE
        await self._asking.calls.ask(address, code, None, loose_json.encode(body))

    @gives_deferred
    async def modes_at(
        self, address: str
    ) -> dict[str, dict[str, SetMessageRequestModeRequestBody]]:
        """Give what ``set_mode_at`` said to one broker so far, by topic and group."""
        code = RequestCode.GET_ALL_MESSAGE_REQUEST_MODE
        body = await self._asking.body(
            address, code, None, MessageRequestModeSerializeWrapper
        )
        return body.message_request_mode_map

    async def _ask_masters(
        self, code: int, header: Any, cluster: str | None, body: bytes = b""
    ) -> Sequence[Command]:
        masters = (await self._asking.cluster.masters(cluster)).values()
        asked: list[Deferred[Command]] = [
            self._asking.calls.ask(address, code, header, body) for address in masters
        ]
        return await unwrapped(gatherResults(asked, consumeErrors=True))


def _check(config: SubscriptionGroupConfig) -> None:
    names.check_group(config.group_name)
    for what, number in (
        ("retry_queue_nums", config.retry_queue_nums),
        ("consume_timeout_minute", config.consume_timeout_minute),
    ):
        if number < 0:
            raise InvalidParameterError(f"{what} is {number}, which is below 0")
