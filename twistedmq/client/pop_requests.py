"""What brokers ask a consumer that pops, mostly on behalf of an admin tool."""

from collections.abc import Collection

from msgspec import Struct

from twistedmq.client.pop_targets import Targets
from twistedmq.client.subscription import Subscription
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.clients import ConsumeType
from twistedmq.protocol.bodies.running import ConsumerRunningInfo, PopProcessQueueInfo
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.remoting.interfaces import Handler, Request


class PopRequestParts(Struct, frozen=True):
    """What answering needs of its surroundings."""

    group: str
    ordered: bool
    subscriptions: Collection[Subscription]
    targets: Targets


class PopRequests:
    """Serves the requests of brokers to one consumer."""

    def __init__(self, parts: PopRequestParts) -> None:
        self._parts = parts

    def table(self) -> dict[int, Handler]:
        """Give the handlers by request code."""
        return {
            RequestCode.NOTIFY_CONSUMER_IDS_CHANGED: self.members_changed,
            RequestCode.GET_CONSUMER_RUNNING_INFO: self.running_info,
        }

    def members_changed(self, request: Request) -> Reply:
        """Ask where to pop: somebody joined or left the group."""
        self._parts.targets.soon()
        return Reply()

    def running_info(self, request: Request) -> Reply:
        """Tell where this consumer pops."""
        parts = self._parts
        asked = request.header.consumer_group
        if asked != parts.group:
            return Reply(
                code=ResponseCode.SYSTEM_ERROR,
                remark=f"consumer group {asked!r} is not in this client",
            )
        info = ConsumerRunningInfo(
            properties={
                "PROP_CONSUME_TYPE": ConsumeType.CONSUME_POP,
                "PROP_CONSUMEORDERLY": "true" if parts.ordered else "false",
                "consumerGroup": parts.group,
            },
            subscription_set=[each.data() for each in parts.subscriptions],
            mq_pop_table={
                queue: PopProcessQueueInfo() for queue in parts.targets.current()
            },
        )
        return Reply(body=loose_json.encode(info))
