"""A message that is never consumed: back and back again, and given up in the end."""

from random import Random
from typing import Any

import pytest
from delay_kit import DelaySide
from twisted.internet.defer import Deferred

from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.send.send_back import SendBackHandlers
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import (
    BrokerIdentity,
    BrokerLimits,
    GroupDefaults,
    TopicDefaults,
)
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import (
    ExponentialRetryPolicy,
    GroupRetryPolicy,
    GroupRetryPolicyType,
    SubscriptionGroupConfig,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers import ConsumerSendMsgBackRequestHeader
from twistedmq.protocol.properties import parse
from twistedmq.protocol.record import Record
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.connections import make_request

BACK = RequestCode.CONSUMER_SEND_MSG_BACK


class FailingConsumer(DelaySide):
    """Sends back whatever it gets; time passes until there is nothing left to get."""

    def __init__(self, group: SubscriptionGroupConfig) -> None:
        super().__init__()
        self.group = group.group_name
        limits = Live(BrokerLimits())
        identity = BrokerIdentity(cluster_name="c", broker_name="b")
        groups = GroupTable(Live(GroupDefaults()), limits, self.wall_ms)
        groups.put(group)
        self.handlers = SendBackHandlers(
            topics=TopicTable(identity, Live(TopicDefaults()), limits, self.wall_ms),
            groups=groups,
            store=self.store,
            inner=self.inner,
            identity=Live(identity),
            levels=self.levels,
            counters=self.counters,
            random=Random(7),
        )

    def send_back(self, physical_offset: int, **fields: Any) -> None:
        header = ConsumerSendMsgBackRequestHeader(
            offset=physical_offset, group=self.group, delay_level=0, **fields
        )
        reply = self.handlers.send_back(make_request(BACK, header))
        assert isinstance(reply, Deferred) or reply.code == 0

    def count(self, topic: str) -> int:
        return int(self.store.queue_bounds(topic, 0)[1])

    def waits_s(self, **fields: Any) -> list[float]:
        """Fail until it is given up; gives how long each wait was."""
        place = self.store.append(batch_of([Told("T")])).physical_offsets[0]
        waits_s = []
        began = self.clock.seconds()
        self.send_back(place, **fields)
        while not self.count(f"%DLQ%{self.group}"):
            while self.count(f"%RETRY%{self.group}") == len(waits_s):
                (call,) = self.clock.getDelayedCalls()
                self.clock.advance(call.getTime() - self.clock.seconds())
                assert self.clock.seconds() - began < 10_000
            waits_s.append(self.clock.seconds() - began)
            began = self.clock.seconds()
            failed = self.delivered(f"%RETRY%{self.group}")[-1]
            self.send_back(failed.physical_offset, **fields)
        return waits_s

    def dead(self) -> Record:
        (dead,) = self.delivered(f"%DLQ%{self.group}")
        return dead


def test_sixteen_retries_and_the_dead_letters() -> None:
    consumer = FailingConsumer(SubscriptionGroupConfig(group_name="g"))
    assert consumer.waits_s() == [
        delay_ms / 1000 for delay_ms in consumer.levels.delays_ms[2:]
    ]
    dead = consumer.dead()
    assert (dead.body, dead.reconsume_times) == (b"hello", 17)
    properties = parse(dead.properties)
    assert properties["RETRY_TOPIC"] == "T"
    for name, number in (("SNDBCK_PUT_NUMS", 17), ("DLQ_PUT_NUMS", 1)):
        rates = consumer.counters.rates(name, "T@g")
        assert rates is not None
        assert rates[2].total == number
    assert properties["REAL_TOPIC"] == "%RETRY%g"  # where it waited last
    assert properties["ORIGIN_MESSAGE_ID"]
    assert properties["DELAY"] == "0"


@pytest.mark.parametrize(
    ("group_limit", "asked", "retries"), [(2, None, 2), (16, 1, 1), (0, None, 0)]
)
def test_the_request_or_the_group_says_how_often(
    group_limit: int, asked: int | None, retries: int
) -> None:
    group = SubscriptionGroupConfig(group_name="g", retry_max_times=group_limit)
    consumer = FailingConsumer(group)
    assert len(consumer.waits_s(max_reconsume_times=asked)) == retries


def test_a_policy_of_the_group() -> None:
    policy = GroupRetryPolicy(
        type=GroupRetryPolicyType.EXPONENTIAL,
        exponential_retry_policy=ExponentialRetryPolicy(
            initial=1000, max=60_000, multiplier=5
        ),
    )
    group = SubscriptionGroupConfig(
        group_name="g", group_retry_policy=policy, retry_max_times=5
    )
    assert FailingConsumer(group).waits_s() == [1, 5, 30, 60, 60]
