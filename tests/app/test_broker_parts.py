from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from whole_broker import make_broker

from twistedmq.app.broker_parts import BrokerParts, merge
from twistedmq.app.wiring.inner import inner_writer
from twistedmq.broker.inner.diversion import Diversions
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.remoting.server import NOT_ON_FAST_PORT


@pytest.fixture
def broker(tmp_path: Path) -> BrokerParts:
    return make_broker(tmp_path)[0]


def test_every_code_of_a_broker_has_one_handler(broker: BrokerParts) -> None:
    served = broker.dispatcher.codes
    for code in (
        RequestCode.SEND_MESSAGE,
        RequestCode.SEND_MESSAGE_V2,
        RequestCode.SEND_BATCH_MESSAGE,
        RequestCode.CONSUMER_SEND_MSG_BACK,
        RequestCode.PULL_MESSAGE,
        RequestCode.QUERY_MESSAGE,
        RequestCode.VIEW_MESSAGE_BY_ID,
        RequestCode.HEART_BEAT,
        RequestCode.UNREGISTER_CLIENT,
        RequestCode.GET_CONSUMER_LIST_BY_GROUP,
        RequestCode.LOCK_BATCH_MQ,
        RequestCode.UNLOCK_BATCH_MQ,
        RequestCode.QUERY_CONSUMER_OFFSET,
        RequestCode.UPDATE_CONSUMER_OFFSET,
        RequestCode.SEARCH_OFFSET_BY_TIMESTAMP,
        RequestCode.GET_MAX_OFFSET,
        RequestCode.GET_MIN_OFFSET,
        RequestCode.GET_EARLIEST_MSG_STORETIME,
        RequestCode.UPDATE_AND_CREATE_TOPIC,
        RequestCode.DELETE_TOPIC_IN_BROKER,
        RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
        RequestCode.GET_BROKER_RUNTIME_INFO,
        RequestCode.RECALL_MESSAGE,
        RequestCode.GET_TIMER_CHECK_POINT,
        RequestCode.GET_TIMER_METRICS,
        RequestCode.GET_BROKER_CONFIG,
        RequestCode.UPDATE_BROKER_CONFIG,
    ):
        assert code in served, code


def test_the_fast_port_leaves_reading_to_the_main_port(broker: BrokerParts) -> None:
    fast = broker.dispatcher.refusing(NOT_ON_FAST_PORT).codes
    assert RequestCode.PULL_MESSAGE not in fast
    assert RequestCode.SEND_MESSAGE_V2 in fast


def test_system_topics_are_there_at_once(broker: BrokerParts) -> None:
    assert "TBW102" in broker.tables.topics
    assert "DefaultCluster" in broker.tables.topics


def test_a_topic_may_have_a_time_of_its_own(tmp_path: Path) -> None:
    broker, store = make_broker(tmp_path)
    config = TopicConfig(topic_name="Short", attributes={"+reserve.time": "24"})
    broker.tables.topics.update(config)
    assert store._reserved() == {"Short": 24}


def test_what_is_lent_to_a_new_group_is_safe_once_the_group_is(tmp_path: Path) -> None:
    broker, store = make_broker(tmp_path)
    around: Any = SimpleNamespace(store=store)
    inner = inner_writer(around, broker.tables, Diversions(), lambda: None)
    checkpoint = InnerMessage("T", 0, {}, b"x")
    assert inner.safe(inner.write([checkpoint])) is None
    assert broker.tables.groups.get("New") is not None
    safe = inner.safe(inner.write([checkpoint]))
    assert safe is not None
    assert not safe.called
    broker.tables.group_file._writer._clock.advance(0)
    assert safe.called
    assert inner.safe(inner.write([checkpoint])) is None


def test_a_code_with_two_handlers_is_a_mistake() -> None:
    def handler(_request):
        raise AssertionError

    with pytest.raises(ValueError, match="two handlers"):
        merge([[{11: handler}], [{11: handler}]])
