from typing import Any

import pytest
from client_kit import result_of
from groups_kit import ADDRESS, BrokerCluster
from read_side import BROKER

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import NotThereError
from twistedmq.admin.group_configs import GroupConfigs
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.bodies import MessageRequestMode, SubscriptionGroupConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import InvalidParameterError, MessageIllegalError


@pytest.fixture
def cluster() -> BrokerCluster:
    return BrokerCluster()


@pytest.fixture
def configs(cluster: BrokerCluster) -> GroupConfigs:
    return result_of(Admin(settings=cluster.settings()).start()).group_configs


def test_a_group_is_made_changed_and_deleted(configs: GroupConfigs) -> None:
    wanted = SubscriptionGroupConfig(group_name="billing", retry_max_times=3)
    result_of(configs.put(wanted))
    found = result_of(configs.get("billing"))
    assert found[BROKER].retry_max_times == 3
    wanted.retry_max_times = 5
    result_of(configs.put_at(ADDRESS, wanted))
    assert result_of(configs.get_at(ADDRESS, "billing")).retry_max_times == 5
    result_of(configs.delete("billing"))
    assert "billing" not in result_of(configs.all_at(ADDRESS)).subscription_group_table


def test_several_are_made_in_one_request(
    cluster: BrokerCluster, configs: GroupConfigs
) -> None:
    wanted = [SubscriptionGroupConfig(group_name=name) for name in ("a", "b")]
    result_of(configs.put_at(ADDRESS, *wanted))
    assert {"a", "b"} <= {*result_of(configs.all_at(ADDRESS)).subscription_group_table}
    codes = [code for _, code, _ in cluster.requests]
    assert codes.count(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST) == 1
    result_of(configs.delete_at(ADDRESS, "a"))
    table = result_of(configs.all_at(ADDRESS)).subscription_group_table
    assert "a" not in table
    assert "b" in table


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"group_name": "bad group"}, MessageIllegalError),
        ({"retry_queue_nums": -1}, InvalidParameterError),
        ({"consume_timeout_minute": -1}, InvalidParameterError),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_made(
    cluster: BrokerCluster, configs: GroupConfigs, wrong: Any, error: type[Exception]
) -> None:
    config = SubscriptionGroupConfig(**{"group_name": "billing"} | wrong)
    for made in (configs.put(config), configs.put_at(ADDRESS, config)):
        with pytest.raises(error):
            result_of(made)
    assert cluster.requests == []


def test_other_refusals_are_told(cluster: BrokerCluster, configs: GroupConfigs) -> None:
    assert result_of(configs.get("nobody")) == {}
    with pytest.raises(NotThereError, match="'nowhere'"):
        result_of(configs.delete("billing", cluster="nowhere"))
    cluster.refuse[RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG] = (1, "no")
    with pytest.raises(RefusedError, match="no"):
        result_of(configs.get("billing"))


def test_a_group_may_be_kept_from_a_topic(
    cluster: BrokerCluster, configs: GroupConfigs
) -> None:
    cluster.side.groups.get("billing")
    answer = result_of(configs.forbid_at(ADDRESS, "billing", "T", readable=False))
    assert answer.readable is False
    assert result_of(configs.forbid_at(ADDRESS, "billing", "T")).readable is False
    assert not cluster.side.groups.may_read("billing", "T")


def test_how_members_get_messages(
    cluster: BrokerCluster, configs: GroupConfigs
) -> None:
    told: list[bytes] = []

    def serve(request: Any) -> Reply:
        told.append(request.command.body)
        return Reply()

    cluster.side.handlers[RequestCode.SET_MESSAGE_REQUEST_MODE] = serve
    mode = MessageRequestMode.POP
    result_of(configs.set_mode_at(ADDRESS, "billing", "T", mode, pop_share_queues=2))
    assert b'"mode":"POP","popShareQueueNum":2' in told[0]
    answer = b'{"messageRequestModeMap":{"T":{"billing":{"mode":"POP"}}}}'
    code = RequestCode.GET_ALL_MESSAGE_REQUEST_MODE
    cluster.side.handlers[code] = lambda _: Reply(body=answer)
    modes = result_of(configs.modes_at(ADDRESS))
    assert modes["T"]["billing"].mode == mode
