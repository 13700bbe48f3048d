"""Tests with the fixtures that come with the package."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from twistedmq import Consumer, Message, Producer
from twistedmq.testing import Cluster, VirtualClock

pytestmark = pytest.mark.rmq(topics=["reminders"])


def test_a_reminder_comes_after_two_days(
    rmq_cluster: Cluster,
    rmq_clock: VirtualClock,
    rmq_producer: Producer,
    rmq_consumer: Callable[..., Consumer],
) -> None:
    """Setting the clock ahead has what waits for a time come at once."""
    shown: list[bytes] = []
    rmq_consumer("app", {"reminders": "*"}, lambda it: shown.append(it.body))
    rmq_cluster.run(rmq_producer.send(Message("reminders", b"pay", delay_s=172_800)))
    rmq_clock.jump(timedelta(days=2, minutes=-1))
    rmq_clock.advance(30)
    assert shown == []
    rmq_clock.jump(timedelta(minutes=1))
    rmq_clock.advance(10)
    assert shown == [b"pay"]
