"""Topics: create, change, delete, look at.

Source: AdminBrokerProcessor.
"""

from collections.abc import Callable, Iterable
from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.broker.attributes import (
    BATCH_QUEUES,
    CLEANUP_POLICY,
    MESSAGE_TYPE,
    QUEUE_TYPE,
    parse_changes,
)
from twistedmq.broker.paging import page
from twistedmq.broker.settling import done_once
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import TopicDefaults
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    CreateTopicListRequestBody,
    TopicConfig,
    TopicConfigAndMappingSerializeWrapper,
    TopicFilterType,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import (
    FieldError,
    InvalidParameterError,
    MessageIllegalError,
)
from twistedmq.protocol.headers import (
    CreateTopicRequestHeader,
    DeleteTopicRequestHeader,
    GetAllTopicConfigRequestHeader,
    GetAllTopicConfigResponseHeader,
    GetTopicConfigRequestHeader,
)
from twistedmq.protocol.names import check_topic, retry_topic
from twistedmq.remoting.interfaces import HandlerTable, Request

_NOT_BUILT: Final = {f"+{CLEANUP_POLICY}": "COMPACTION"}
"""Attribute values that are valid but that no part of this broker serves yet."""


class TopicHandlers:
    """Serves the admin requests about topics.

    Args:
        topics: the table.
        defaults: what is allowed.
        saved: gives what fires once all changes are on disk, None if they are.
        forget: each is called with a deleted topic: its messages, its offsets.
        groups_of: gives the groups that have offsets on a topic.
        has_batch_queues: whether the store knows batch queues.
    """

    def __init__(
        self,
        topics: TopicTable,
        defaults: Live[TopicDefaults],
        saved: Callable[[], Deferred[None] | None],
        forget: Iterable[Callable[[str], object]] = (),
        groups_of: Callable[[str], Iterable[str]] = lambda _topic: (),
        has_batch_queues: bool = True,
    ) -> None:
        self._has_batch_queues = has_batch_queues
        self._topics = topics
        self._defaults = defaults
        self._saved = saved
        self._forget = tuple(forget)
        self._groups_of = groups_of

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.UPDATE_AND_CREATE_TOPIC: self.update,
            RequestCode.UPDATE_AND_CREATE_TOPIC_LIST: self.update_list,
            RequestCode.DELETE_TOPIC_IN_BROKER: self.delete,
            RequestCode.GET_TOPIC_CONFIG: self.get,
            RequestCode.GET_ALL_TOPIC_CONFIG: self.get_all,
        }

    def update(self, request: Request) -> Reply | Deferred[Reply]:
        """Create a topic or change its settings."""
        header: CreateTopicRequestHeader = request.header
        wished = TopicConfig(
            topic_name=header.topic,
            read_queue_nums=header.read_queue_nums,
            write_queue_nums=header.write_queue_nums,
            perm=header.perm,
            topic_filter_type=_filter_type(header.topic_filter_type),
            topic_sys_flag=header.topic_sys_flag or 0,
            order=header.order,
            attributes=parse_changes(header.attributes),
        )
        return self._update_all([wished])

    def update_list(self, request: Request) -> Reply | Deferred[Reply]:
        """Create or change several topics; none where a check fails."""
        body = loose_json.decode(request.command.body, type=CreateTopicListRequestBody)
        return self._update_all(body.topic_config_list)

    def _update_all(self, wishes: list[TopicConfig]) -> Reply | Deferred[Reply]:
        for wished in wishes:
            self._check(wished)
        self._topics.update_all(wishes)
        return done_once(self._saved())

    def _check(self, wished: TopicConfig) -> None:
        try:
            check_topic(wished.topic_name)
        except MessageIllegalError as error:
            raise InvalidParameterError(str(error)) from error
        self._check_not_system(wished.topic_name)
        attributes = wished.attributes or {}
        mixed = attributes.get(f"+{MESSAGE_TYPE}") == "MIXED"
        if mixed and not self._defaults.value.mixed_type:
            raise InvalidParameterError("MIXED message type is not supported.")
        wants_batches = attributes.get(f"+{QUEUE_TYPE}") == BATCH_QUEUES
        if wants_batches and not self._has_batch_queues:
            raise InvalidParameterError(
                f"{QUEUE_TYPE}={BATCH_QUEUES} is not supported by this broker's store"
            )
        for key, value in _NOT_BUILT.items():
            if attributes.get(key) == value:
                raise InvalidParameterError(
                    f"{key[1:]}={value} is not supported by this broker yet"
                )

    def _check_not_system(self, topic: str) -> None:
        if self._defaults.value.protect_system_topics and topic in self._topics.system:
            raise InvalidParameterError(
                f"The topic[{topic}] is conflict with system topic."
            )

    def delete(self, request: Request) -> Reply | Deferred[Reply]:
        """Forget a topic, its messages and the offsets of its groups."""
        header: DeleteTopicRequestHeader = request.header
        topic = header.topic
        if not topic.strip():
            raise InvalidParameterError("The specified topic is blank.")
        self._check_not_system(topic)
        for name in (topic, *self._pop_retry_topics(topic)):
            self._topics.delete(name)
            for forget in self._forget:
                forget(name)
        return done_once(self._saved())

    def _pop_retry_topics(self, topic: str) -> list[str]:
        if not self._defaults.value.clear_retry_topics:
            return []
        names = [
            f"{retry_topic(group)}{separator}{topic}"
            for group in self._groups_of(topic)
            for separator in ("+", "_")
        ]
        return [name for name in names if name in self._topics]

    def get(self, request: Request) -> Reply:
        """Give one topic's settings."""
        header: GetTopicConfigRequestHeader = request.header
        config = self._topics.get(header.topic)
        if config is None:
            return Reply(
                ResponseCode.TOPIC_NOT_EXIST,
                remark=f"No topic in this broker. topic: {header.topic}",
            )
        return Reply(body=loose_json.encode(config))

    def get_all(self, request: Request) -> Reply:
        """Give the table, or a page of it where the request asks for one."""
        header: GetAllTopicConfigRequestHeader | None = request.header
        configs = self._topics.snapshot()
        total = GetAllTopicConfigResponseHeader(total_topic_num=len(configs))
        size = self._defaults.value.page_size
        if header is not None and header.topic_seq is not None and size:
            configs = page(
                configs,
                header.topic_seq,
                min(size, header.max_topic_num or size),
                header.data_version,
                self._topics.data_version,
            )
        wrapper = TopicConfigAndMappingSerializeWrapper(
            data_version=self._topics.data_version, topic_config_table=configs
        )
        return Reply(header=total, body=loose_json.encode(wrapper))


def _filter_type(text: str) -> TopicFilterType:
    try:
        return TopicFilterType(text)
    except ValueError:
        wanted = " or ".join(TopicFilterType)
        raise FieldError(
            "CreateTopicRequestHeader", f"topicFilterType is {text!r}, not {wanted}"
        ) from None
