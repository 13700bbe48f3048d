import pytest
from pop_side import PopSide

from twistedmq.config.broker import BrokerIdentity
from twistedmq.protocol.bodies import SubscriptionGroupConfig
from twistedmq.protocol.errors import (
    InvalidParameterError,
    PermissionDeniedError,
    TopicNotFoundError,
)


def test_who_may_pop_what() -> None:
    side = PopSide()
    side.topic("T", 2)
    side.topic("closed", perm=2)
    side.groups.put(SubscriptionGroupConfig(group_name="off", consume_enable=False))
    check, connection = side.checks.check, side.connection
    check("T", -1, "G", connection)
    check("T", 1, "G", connection)
    with pytest.raises(TopicNotFoundError, match="apply first"):
        check("none", 0, "G", connection)
    with pytest.raises(PermissionDeniedError, match="closed"):
        check("closed", 0, "G", connection)
    with pytest.raises(InvalidParameterError, match=r"readQueueNums:\[2\]"):
        check("T", 2, "G", connection)
    with pytest.raises(PermissionDeniedError, match="no permission, off"):
        check("T", 0, "off", connection)


def test_the_broker_as_a_whole_and_the_number() -> None:
    side = PopSide()
    side.checks.check_broker("pop message")
    side.checks.check_count(32)
    with pytest.raises(InvalidParameterError):
        side.checks.check_count(33)
    side.identity.set(BrokerIdentity(permission=2))
    with pytest.raises(PermissionDeniedError, match=r"127\.0\.0\.1.*pop mess"):
        side.checks.check_broker("pop message")
