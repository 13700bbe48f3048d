"""Deleting on request: expired messages, queues that nobody needs.

Source: AdminBrokerProcessor.deleteExpiredCommitLog, cleanExpiredConsumeQueue,
cleanUnusedTopic.
"""

from twisted.internet.defer import Deferred

from twistedmq.broker.topics.table import TopicTable
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.names import is_lmq
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.interfaces import IMessageStore
from twistedmq.store.retention_interfaces import IRetention


class CleaningHandlers:
    """Serves requests to delete.

    Args:
        store: what is deleted from.
        topics: which topics exist.
    """

    def __init__(self, store: IMessageStore, topics: TopicTable) -> None:
        self._store = store
        self._topics = topics
        self._retention: IRetention | None = IRetention(store, None)

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.CLEAN_UNUSED_TOPIC: self.clean_unused_topics,
            RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE: self.clean_expired_queues,
            RequestCode.DELETE_EXPIRED_COMMITLOG: self.delete_expired_log,
        }

    def clean_unused_topics(self, _request: Request) -> Reply:
        """Forget queues whose topic does not exist any more."""
        for topic in {topic for topic, _ in self._store.queues()}:
            if topic not in self._topics and not self._is_kept(topic):
                self._store.delete_topic(topic)
        return Reply()

    def clean_expired_queues(self, _request: Request) -> Reply | Deferred[Reply]:
        """Forget queues without messages that are not part of their topic any more.

        The genuine broker forgets those that are in use too; they would begin at 0
        again, before the offsets of their consumers, which then miss messages.
        """
        if self._retention is None:
            return Reply()
        forgetting = self._retention.forget_expired_queues(self._is_in_use)
        return forgetting.addCallback(lambda _: Reply())

    def delete_expired_log(self, _request: Request) -> Reply:
        """Have expired messages deleted whatever the hour; it goes on after the reply.

        Raises: TwistedMQError, if the store keeps everything.
        """
        if self._retention is None:
            raise TwistedMQError("the store of this broker keeps everything")
        self._retention.expire_now()
        return Reply()

    def _is_kept(self, topic: str) -> bool:
        return topic in self._topics.system or is_lmq(topic)

    def _is_in_use(self, topic: str, queue_id: int) -> bool:
        config = self._topics.get(topic)
        if config is None or self._is_kept(topic):
            return self._is_kept(topic)
        return queue_id < max(config.read_queue_nums, config.write_queue_nums)
