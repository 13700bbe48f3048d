import pytest
from hypothesis import given
from hypothesis import strategies as st
from namesrv_kit import topic, topics

from twistedmq.config.live import Live
from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.namesrv.registrations import (
    BrokerKey,
    NotRegisteredYetError,
    Registration,
    TooManyError,
)
from twistedmq.namesrv.routes import RouteTable
from twistedmq.protocol.bodies import DataVersion, QueueData, TopicQueueMappingInfo


@pytest.fixture
def table() -> RouteTable:
    return RouteTable(Live(NamesrvConfig()))


def broker(
    *names: str,
    name: str = "a",
    broker_id: int = 0,
    address: str = "",
    version: int = 0,
    state: int = 0,
    acting: bool | None = None,
) -> Registration:
    return Registration(
        cluster="c",
        broker_name=name,
        broker_id=broker_id,
        address=address or f"{name}{broker_id}:1",
        ha_address=f"ha-{name}{broker_id}:1",
        acting_master=acting,
        data_version=DataVersion(counter=version, state_version=state),
        topics={one.topic_name: one for one in topics(*names)},
    )


def key(name: str, broker_id: int = 0) -> BrokerKey:
    return BrokerKey("c", f"{name}{broker_id}:1")


def test_a_registration_makes_cluster_broker_and_topics_known(
    table: RouteTable,
) -> None:
    table.register(broker("t"))
    assert list(table.clusters) == ["c"]
    assert table.brokers["a"].broker_addrs == {0: "a0:1"}
    assert table.queues["t"]["a"].write_queue_nums == 4
    assert table.data_version(key("a")) == DataVersion()


def test_the_same_again_changes_nothing(table: RouteTable) -> None:
    table.register(broker("t"))
    revision = table.revision
    table.register(broker("t"))
    assert table.revision == revision


def test_a_changed_topic_counts_only_with_another_data_version(
    table: RouteTable,
) -> None:
    table.register(broker("t"))
    again = broker("t")
    again.topics["t"].perm = 4
    table.register(again)
    assert table.queues["t"]["a"].perm == 6
    again.data_version = DataVersion(counter=1)
    table.register(again)
    assert table.queues["t"]["a"].perm == 4


def test_a_single_topic_is_added_and_the_others_stay(table: RouteTable) -> None:
    table.register(broker("t"))
    single = broker(version=1)
    single.topics = {"new": topic("new")}
    table.register(single)
    assert set(table.queues) == {"TBW102", "t", "new"}


def test_a_single_topic_of_an_unknown_broker_is_refused(table: RouteTable) -> None:
    single = broker()
    with pytest.raises(NotRegisteredYetError, match="register broker failed"):
        table.register(single)
    assert table.brokers == table.clusters == table.queues == {}


def test_unlisted_topics_are_forgotten_if_so_set() -> None:
    table = RouteTable(Live(NamesrvConfig(forget_unlisted_topics=True)))
    table.register(broker("t", "u"))
    table.register(broker("t", "u", name="b"))
    table.register(broker("t", version=1))
    assert set(table.queues["u"]) == {"b"}
    assert set(table.queues["t"]) == {"a", "b"}


def test_a_slave_is_told_its_master_and_brings_no_topics(table: RouteTable) -> None:
    table.register(broker("t"))
    told = table.register(broker("u", broker_id=1))
    assert (told.master_address, told.ha_address) == ("a0:1", "ha-a0:1")
    assert "u" not in table.queues
    assert table.brokers["a"].broker_addrs == {0: "a0:1", 1: "a1:1"}


def test_a_slave_without_a_master_is_told_none(table: RouteTable) -> None:
    told = table.register(broker("t", broker_id=1))
    assert (told.master_address, told.ha_address) == (None, None)


def test_the_first_slave_that_stands_in_brings_topics_to_be_read(
    table: RouteTable,
) -> None:
    table.register(broker("t", broker_id=1, acting=True))
    assert table.queues["t"]["a"].perm == 4
    table.register(broker("t", broker_id=2, acting=True))
    assert table.queues["t"]["a"].perm == 4


def test_a_process_that_becomes_master_has_one_id(table: RouteTable) -> None:
    table.register(broker("t", broker_id=1, acting=True))
    table.register(broker("t", broker_id=0, address="a1:1"))
    assert table.brokers["a"].broker_addrs == {0: "a1:1"}


def test_who_has_an_older_state_is_not_let_in(table: RouteTable) -> None:
    table.register(broker("t", state=2))
    told = table.register(broker("t", state=1, address="other:1"))
    assert not told.accepted
    assert table.brokers["a"].broker_addrs == {0: "a0:1"}
    assert table.data_version(BrokerKey("c", "other:1")) is None


def test_who_has_the_same_state_takes_the_place(table: RouteTable) -> None:
    table.register(broker("t"))
    assert table.register(broker("t", address="other:1")).accepted
    assert table.brokers["a"].broker_addrs == {0: "other:1"}


def test_the_last_of_a_name_takes_its_topics_along(table: RouteTable) -> None:
    table.register(broker("t"))
    table.register(broker("t", name="b"))
    table.unregister(key("a"), "a")
    assert set(table.queues["t"]) == {"b"}
    table.unregister(key("b"), "b")
    assert table.brokers == table.clusters == table.queues == {}


def test_when_the_master_goes_its_slave_is_read_only_if_it_stands_in(
    table: RouteTable,
) -> None:
    for acting, perm in ((True, 4), (False, 6)):
        table.register(broker("t", acting=acting))
        table.register(broker("t", broker_id=1, acting=acting))
        table.register(broker("t", acting=acting, version=acting))
        table.unregister(key("a"), "a")
        assert table.queues["t"]["a"].perm == perm
        table.unregister(key("a", 1), "a")


def test_the_change_of_the_smallest_id_is_told_to_those_who_are_left(
    table: RouteTable,
) -> None:
    for broker_id in (0, 1, 2):
        table.register(broker("t", broker_id=broker_id, acting=True))
    change = table.unregister(key("a"), "a")
    assert change is not None
    assert change.to_tell() == ["a1:1", "a2:1"]
    header = change.header()
    assert (header.min_broker_id, header.min_broker_addr) == (1, "a1:1")
    assert (header.offline_broker_addr, header.ha_broker_addr) == ("a0:1", None)
    assert table.unregister(key("a", 2), "a") is None


def test_a_new_smallest_id_is_told_to_the_others(table: RouteTable) -> None:
    table.register(broker("t", broker_id=1, acting=True))
    change = table.register(broker("t", broker_id=0)).min_id_change
    assert change is not None
    assert change.to_tell() == ["a1:1"]
    assert change.header().ha_broker_addr == "ha-a0:1"


def test_write_permission_goes_and_comes(table: RouteTable) -> None:
    table.register(broker("t"))
    table.register(broker("t", name="b"))
    assert table.wipe_write_permission("a") == 2
    assert table.queues["t"]["a"].perm == 4
    assert table.queues["t"]["b"].perm == 6
    table.register(broker("t"))  # the same data version brings nothing back
    assert table.queues["t"]["a"].perm == 4
    assert table.add_write_permission("a") == 2
    assert table.queues["t"]["a"].perm == 6
    assert table.wipe_write_permission("nobody") == 0


def test_a_topic_is_deleted_wholly_or_in_one_cluster(table: RouteTable) -> None:
    table.register(broker("t", "u"))
    other = broker("t", "u", name="b")
    other.cluster = "d"
    table.register(other)
    table.delete_topic("t", "c")
    table.delete_topic("u")
    table.delete_topic("t", "nowhere")
    assert set(table.queues["t"]) == {"b"}
    assert "u" not in table.queues


def test_queues_of_known_brokers_can_be_added_alone(table: RouteTable) -> None:
    table.register(broker("t"))
    assert table.register_topic("new", [QueueData(broker_name="a", perm=6)])
    assert not table.register_topic("no", [QueueData(broker_name="nobody", perm=6)])
    assert set(table.queues["new"]) == {"a"}
    assert "no" not in table.queues


def test_static_mappings_are_kept_and_go_with_their_broker(table: RouteTable) -> None:
    new = broker("t")
    new.mappings = {"t": TopicQueueMappingInfo(topic="t", bname="a", total_queues=2)}
    table.register(new)
    assert table.mappings["t"]["a"].total_queues == 2
    table.unregister(key("a"), "a")
    assert table.mappings == {}


def test_limits_refuse_the_whole_registration() -> None:
    table = RouteTable(Live(NamesrvConfig(max_brokers=1, max_topics=2)))
    table.register(broker("t"))
    with pytest.raises(TooManyError, match="maxBrokers"):
        table.register(broker("t", name="b"))
    with pytest.raises(TooManyError, match="maxTopics"):
        table.register(broker("t", "u", version=1))
    with pytest.raises(TooManyError, match="maxTopics"):
        table.register_topic("u", [QueueData(broker_name="a")])
    assert set(table.queues) == {"TBW102", "t"}
    assert set(table.brokers) == {"a"}


def test_a_broker_is_found_by_its_address(table: RouteTable) -> None:
    table.register(broker("t"))
    assert table.name_of(key("a")) == "a"
    assert table.name_of(BrokerKey("c", "x:1")) is None
    assert table.name_of(BrokerKey("d", "a0:1")) is None


def test_a_name_that_moves_to_another_cluster_leaves_nothing_behind(
    table: RouteTable,
) -> None:
    table.register(broker("t"))
    moved = broker("t")
    moved.cluster = "d"
    table.register(moved)
    table.unregister(BrokerKey("d", "a0:1"), "a")
    assert table.brokers == table.clusters == table.queues == {}
    assert table.name_of(key("a")) is None


steps = st.lists(
    st.tuples(
        st.sampled_from(["in", "out"]),
        st.sampled_from("ab"),
        st.integers(0, 2),
        st.sets(st.sampled_from("tuv")),
    )
)


@given(steps)
def test_nothing_is_left_of_brokers_that_are_gone(
    steps: list[tuple[str, str, int, set[str]]],
) -> None:
    table = RouteTable(Live(NamesrvConfig()))
    alive: set[tuple[str, int]] = set()
    for version, (step, name, broker_id, names) in enumerate(steps):
        if step == "in":
            new = broker(
                "always", *names, name=name, broker_id=broker_id, version=version
            )
            table.register(new)
            alive.add((name, broker_id))
        else:
            table.unregister(key(name, broker_id), name)
            alive.discard((name, broker_id))
    assert {
        (name, one) for name, b in table.brokers.items() for one in b.broker_addrs
    } == alive
    names_alive = {name for name, _ in alive}
    assert {n for cluster in table.clusters.values() for n in cluster} == names_alive
    assert all(table.queues.values())
    assert {n for brokers in table.queues.values() for n in brokers} <= names_alive
