"""Consumer groups: create, change, delete, look at.

Source: AdminBrokerProcessor.
"""

from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred

from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.paging import page
from twistedmq.broker.settling import done_once
from twistedmq.config.broker import TopicDefaults
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    GroupForbidden,
    SubscriptionGroupConfig,
    SubscriptionGroupList,
    SubscriptionGroupWrapper,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import InvalidParameterError, MessageIllegalError
from twistedmq.protocol.headers import (
    DeleteSubscriptionGroupRequestHeader,
    GetAllSubscriptionGroupRequestHeader,
    GetAllSubscriptionGroupResponseHeader,
    GetSubscriptionGroupConfigRequestHeader,
    UpdateGroupForbiddenRequestHeader,
)
from twistedmq.protocol.names import check_group
from twistedmq.remoting.interfaces import HandlerTable, Request


class GroupHandlers:
    """Serves the admin requests about consumer groups.

    Args:
        groups: the table.
        paging: how large a page is (the same for topics and groups).
        saved: gives what fires once all changes are on disk, None if they are.
        forget_offsets: each is called with a deleted group whose offsets shall go too.
        forget: called with every deleted group.
    """

    def __init__(
        self,
        groups: GroupTable,
        paging: Live[TopicDefaults],
        saved: Callable[[], Deferred[None] | None],
        forget_offsets: Iterable[Callable[[str], object]] = (),
        forget: Callable[[str], object] = lambda group: None,
    ) -> None:
        self._groups = groups
        self._paging = paging
        self._saved = saved
        self._forget_offsets = tuple(forget_offsets)
        self._forget = forget

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP: self.update,
            RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST: self.update_list,
            RequestCode.DELETE_SUBSCRIPTIONGROUP: self.delete,
            RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG: self.get,
            RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG: self.get_all,
            RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN: self.forbid,
        }

    def update(self, request: Request) -> Reply | Deferred[Reply]:
        """Create a group or change its settings."""
        body = request.command.body
        return self._update_all([loose_json.decode(body, type=SubscriptionGroupConfig)])

    def update_list(self, request: Request) -> Reply | Deferred[Reply]:
        """Create or change several groups; none where a check fails."""
        body = loose_json.decode(request.command.body, type=SubscriptionGroupList)
        return self._update_all(body.group_config_list)

    def _update_all(
        self, wishes: list[SubscriptionGroupConfig]
    ) -> Reply | Deferred[Reply]:
        for wished in wishes:
            try:
                check_group(wished.group_name)
            except MessageIllegalError as error:
                raise InvalidParameterError(str(error)) from error
        self._groups.update_all(wishes)
        return done_once(self._saved())

    def delete(self, request: Request) -> Reply | Deferred[Reply]:
        """Forget a group, with its offsets where that is asked for."""
        header: DeleteSubscriptionGroupRequestHeader = request.header
        self._groups.delete(header.group_name)
        self._forget(header.group_name)
        if header.clean_offset:
            for forget in self._forget_offsets:
                forget(header.group_name)
        return done_once(self._saved())

    def get(self, request: Request) -> Reply:
        """Give one group's settings; an unknown one is created as by a consumer."""
        header: GetSubscriptionGroupConfigRequestHeader = request.header
        config = self._groups.get(header.group)
        if config is None:
            return Reply(
                ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
                remark="No group in this broker",
            )
        return Reply(body=loose_json.encode(config))

    def get_all(self, request: Request) -> Reply:
        """Give the table, or a page of it where the request asks for one."""
        header: GetAllSubscriptionGroupRequestHeader | None = request.header
        configs, forbidden = self._groups.snapshot(), self._groups.forbidden()
        total = GetAllSubscriptionGroupResponseHeader(total_group_num=len(configs))
        size = self._paging.value.page_size
        if header is not None and header.group_seq is not None and size:
            configs = page(
                configs,
                header.group_seq,
                min(size, header.max_group_num or size),
                header.data_version,
                self._groups.data_version,
            )
            forbidden = {g: masks for g, masks in forbidden.items() if g in configs}
        wrapper = SubscriptionGroupWrapper(
            data_version=self._groups.data_version,
            forbidden_table=forbidden,
            subscription_group_table=configs,
        )
        return Reply(header=total, body=loose_json.encode(wrapper))

    def forbid(self, request: Request) -> Reply:
        """Forbid or allow a group to read a topic, and say how it is now."""
        header: UpdateGroupForbiddenRequestHeader = request.header
        group, topic = header.group, header.topic
        if header.readable is not None:
            self._groups.set_may_read(group, topic, header.readable)
        readable = self._groups.may_read(group, topic)
        answer = GroupForbidden(group=group, topic=topic, readable=readable)
        return Reply(body=loose_json.encode(answer), remark="")
