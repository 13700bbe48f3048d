from pathlib import Path
from types import SimpleNamespace

import pytest
from twisted.internet.defer import succeed
from twisted.internet.testing import MemoryReactorClock

from twistedmq.app.broker_parts import BrokerParts, build_broker, merge
from twistedmq.app.stores import make_store, wall_ms
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.settings import LiveSettings
from twistedmq.config.store import StoreConfig
from twistedmq.config.tables import broker_keys
from twistedmq.ha.async_master import AsyncMaster
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.remoting.server import NOT_ON_FAST_PORT
from twistedmq.remoting.timer_wheel import TimerWheel
from twistedmq.store.context import StoreContext
from twistedmq.store.interfaces import IMessageStore


class Threads:
    """Runs in place what would run in a thread."""

    def run(self, function, /, *args, **kwargs):
        return succeed(function(*args, **kwargs))

    def stop(self) -> None:
        pass


def make_broker(tmp_path: Path) -> tuple[BrokerParts, IMessageStore]:
    reactor = MemoryReactorClock()
    reactor.nameResolver = None
    options = [from_option(f"storePathRootDir={tmp_path}")]
    settings = LiveSettings(load_settings(broker_keys(), options=options))
    context = StoreContext(
        reactor, wall_ms, settings.live(StoreConfig), AsyncMaster(), workers=Threads()
    )
    store = make_store("memory", context)
    store.start()
    broker = build_broker(
        Surroundings(
            reactor=reactor,
            settings=settings,
            wheel=TimerWheel(reactor),
            context=context,
            store=store,
            workers=Threads(),
            client=SimpleNamespace(request=None),
            host="127.0.0.1",
            port=10911,
        )
    )
    return broker, store


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


def test_a_code_with_two_handlers_is_a_mistake() -> None:
    def handler(_request):
        raise AssertionError

    with pytest.raises(ValueError, match="two handlers"):
        merge([[{11: handler}], [{11: handler}]])
