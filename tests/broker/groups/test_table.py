import pytest
from write_side import NOW_MS, WriteSide

from twistedmq.broker.attributes import AttributesError
from twistedmq.broker.groups.table import GroupTable
from twistedmq.config.broker import BrokerLimits, GroupDefaults
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import DataVersion, SubscriptionGroupConfig
from twistedmq.protocol.errors import ServiceUnavailableError


@pytest.fixture
def groups() -> GroupTable:
    return WriteSide().groups


@pytest.fixture
def told(groups: GroupTable) -> list[tuple[str, SubscriptionGroupConfig | None]]:
    changes: list[tuple[str, SubscriptionGroupConfig | None]] = []
    groups.on_change(lambda group, config: changes.append((group, config)))
    return changes


def test_the_groups_of_the_system_exist(groups: GroupTable) -> None:
    assert "TOOLS_CONSUMER" in groups
    assert "CID_RMQ_SYS_TRANS" in groups
    assert len(list(groups)) == len(groups) == 8


def test_looking_up_creates(
    groups: GroupTable, told: list[tuple[str, SubscriptionGroupConfig | None]]
) -> None:
    assert groups.peek("g") is None
    config = groups.get("g")
    assert config == SubscriptionGroupConfig(group_name="g")
    assert groups.get("g") is config
    assert told == [("g", config)]
    assert groups.data_version == DataVersion(counter=1, timestamp=NOW_MS)


@pytest.mark.parametrize("name", ["", "a b", "x" * 121])
def test_a_name_that_is_none_creates_nothing(groups: GroupTable, name: str) -> None:
    assert groups.get(name) is None


def test_creation_can_be_switched_off() -> None:
    side = WriteSide()
    side.group_defaults.replace(auto_create=False)
    assert side.groups.get("g") is None
    assert side.groups.get("CID_RMQ_SYS_x") is not None
    side.group_defaults.replace(auto_create_system=False)
    assert side.groups.get("CID_RMQ_SYS_y") is None


def test_updates_and_deletions(
    groups: GroupTable, told: list[tuple[str, SubscriptionGroupConfig | None]]
) -> None:
    groups.update(SubscriptionGroupConfig(group_name="g", retry_max_times=3))
    config = groups.peek("g")
    assert config is not None
    assert config.retry_max_times == 3
    groups.set_may_read("g", "T", False)
    assert groups.delete("g")
    assert not groups.delete("g")
    assert groups.may_read("g", "T")
    assert told[-1] == ("g", None)


def test_groups_have_no_attributes_yet(groups: GroupTable) -> None:
    with pytest.raises(AttributesError, match="unsupported key"):
        groups.update(SubscriptionGroupConfig(group_name="g", attributes={"+a": "b"}))
    assert "g" not in groups


def test_a_group_may_be_kept_from_a_topic(groups: GroupTable) -> None:
    assert groups.may_read("g", "T")
    groups.set_may_read("g", "T", False)
    groups.set_may_read("g", "U", False)
    assert groups.forbidden() == {"g": {"T": 4, "U": 4}}
    groups.set_may_read("g", "T", True)
    assert groups.may_read("g", "T")
    assert not groups.may_read("g", "U")
    groups.set_may_read("g", "U", True)
    assert groups.forbidden() == {}
    assert groups.data_version.counter == 4


def test_a_file_adds_to_what_exists_by_itself(groups: GroupTable) -> None:
    version = DataVersion(counter=9, timestamp=1)
    config = SubscriptionGroupConfig(group_name="g")
    groups.load({"g": config}, {"g": {"T": 4}}, version)
    assert groups.peek("g") is config
    assert not groups.may_read("g", "T")
    assert "TOOLS_CONSUMER" in groups.view()
    assert groups.data_version == version


def test_there_is_a_limit() -> None:
    side = WriteSide()
    side.limits.replace(max_groups=len(side.groups))
    with pytest.raises(ServiceUnavailableError, match="maxGroups"):
        side.groups.get("g")
    with pytest.raises(ServiceUnavailableError):
        side.groups.update(SubscriptionGroupConfig(group_name="g"))


def test_groups_of_light_queues_are_all_alike_and_not_kept() -> None:
    groups = GroupTable(
        Live(GroupDefaults()), Live(BrokerLimits()), lambda: NOW_MS, True
    )
    expected = SubscriptionGroupConfig(group_name="%LMQ%g")
    assert groups.get("%LMQ%g") == groups.peek("%LMQ%g") == expected
    groups.put(SubscriptionGroupConfig(group_name="%LMQ%g", retry_max_times=3))
    assert "%LMQ%g" not in groups
