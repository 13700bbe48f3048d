import json
from pathlib import Path
from typing import Any

import pytest
from admin_kit import mqadmin
from groups_kit import BrokerCluster
from verbs_kit import busy_cluster

from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply

AT = "127.0.0.1:10911"
MADE = (
    "SubscriptionGroupConfig{groupName=new, consumeEnable=true, "
    "consumeFromMinEnable=false, consumeBroadcastEnable=false, "
    "consumeMessageOrderly=false, retryQueueNums=2, retryMaxTimes=3, "
    "groupRetryPolicy=GroupRetryPolicy{type=CUSTOMIZED, exponentialRetryPolicy=null, "
    "customizedRetryPolicy=null}, brokerId=0, whichBrokerWhenConsumeSlowly=1, "
    "notifyConsumerIdsChangedEnable=true, groupSysFlag=0, consumeTimeoutMinute=15, "
    "subscriptionDataSet=null, attributes={}}"
)


@pytest.fixture
def cluster() -> BrokerCluster:
    return busy_cluster()


def test_a_group_is_made(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, f"updateSubGroup -b {AT} -g new -r 3 -q 2")
    assert said.out == f"create subscription group to {AT} success.\n{MADE}"
    said = mqadmin(cluster, "updateSubGroup -c DefaultCluster -g new -r 3 -q 2")
    assert said.out == f"create subscription group to {AT} success.\n{MADE}"
    made = cluster.side.groups.peek("new")
    assert made is not None
    assert (made.retry_max_times, made.consume_from_min_enable) == (3, False)
    line = f"updateSubGroup -b {AT} -g new -d true --json"
    assert json.loads(mqadmin(cluster, line).out)["consumeBroadcastEnable"] is True


def test_when_messages_come_back(cluster: BrokerCluster) -> None:
    policy = '{"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[1000,5000]}}'
    said = mqadmin(cluster, f"updateSubGroup -b {AT} -g new -p '{policy}'")
    assert "customizedRetryPolicy=CustomizedRetryPolicy{next=[1000, 5000]}" in said.out
    policy = '{"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":1}}'
    said = mqadmin(cluster, f"updateSubGroup -b {AT} -g new -p '{policy}'")
    assert "Policy=ExponentialRetryPolicy{initial=1, max=7200000, multip" in said.out
    said = mqadmin(cluster, f"updateSubGroup -b {AT} -g new -p nonsense")
    assert (said.status, "groupRetryPolicy" in said.err) == (1, True)


def test_a_broker_or_a_cluster_is_needed(cluster: BrokerCluster) -> None:
    for verb in ("updateSubGroup", "deleteSubGroup"):
        said = mqadmin(cluster, f"{verb} -g new")
        assert (said.status, "-b" in said.err) == (1, True)


@pytest.mark.parametrize("where", ["-c DefaultCluster", f"-b {AT}"])
def test_a_group_that_was_not_made_is_not_shown(
    cluster: BrokerCluster, where: str
) -> None:
    code = RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP
    cluster.refuse[code] = (1, "no")
    said = mqadmin(cluster, f"updateSubGroup {where} -g new -r 3 -q 2")
    assert (said.status, said.out) == (3, "")
    assert said.err.startswith(f"mqadmin: {AT} refused: ")


def test_groups_of_a_file(cluster: BrokerCluster, tmp_path: Path) -> None:
    path = tmp_path / "groups.json"
    path.write_text('[{"groupName":"a","retryMaxTimes":3},{"groupName":"b"}]')
    said = mqadmin(cluster, f"updateSubGroupList -b {AT} -f {path}")
    assert said.out == (
        f"submit batch of group config to {AT} success, "
        "please check the result later.\n"
    )
    made = cluster.side.groups.peek("a")
    assert made is not None
    assert made.retry_max_times == 3
    said = mqadmin(cluster, f"updateSubGroupList -c DefaultCluster -f {path}")
    assert said.out.startswith("submit batch of subscription group config to ")
    path.write_text("[]")
    said = mqadmin(cluster, f"updateSubGroupList -b {AT} -f {path}")
    assert said == (1, "", f"mqadmin: {path} is an empty array\n")


def test_a_group_is_deleted(cluster: BrokerCluster) -> None:
    cluster.side.groups.get("old")
    said = mqadmin(cluster, f"deleteSubGroup -b {AT} -g old")
    assert said.out == (
        f"delete subscription group [old] from broker [{AT}] success.\n"
    )
    assert cluster.side.groups.peek("old") is None
    deleted: list[str] = []

    def serve(request: Any) -> Reply:
        deleted.append(request.header.topic)
        return Reply()

    cluster.side.handlers[RequestCode.DELETE_TOPIC_IN_BROKER] = serve
    said = mqadmin(cluster, "deleteSubGroup -c DefaultCluster -g old -r true")
    assert "in cluster [DefaultCluster] success." in said.out
    assert deleted == ["%RETRY%old", "%DLQ%old"]


def test_what_a_group_may_do(cluster: BrokerCluster) -> None:
    mqadmin(cluster, f"updateSubGroup -b {AT} -g new -r 3")
    head, name, *lines = mqadmin(cluster, "getConsumerConfig -g new").lines
    line = "=" * 29
    assert head == f"{line}DefaultCluster:broker-a{line}"
    assert name == "groupName                               =  new"
    assert lines[-2] == "subscriptionDataSet                     =  "
    assert len(lines) == 14
    [found] = json.loads(mqadmin(cluster, "getConsumerConfig -g new --json").out)
    assert found["broker"] == "broker-a"
    assert found["config"]["retryMaxTimes"] == 3
    said = mqadmin(cluster, "getConsumerConfig -g nobody")
    assert (said.status, said.out) == (0, "")
    assert cluster.side.groups.peek("nobody") is None
    cluster.refuse[RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG] = (1, "no")
    assert mqadmin(cluster, "getConsumerConfig -g nobody").status == 3


def test_how_a_group_gets_messages(cluster: BrokerCluster) -> None:
    cluster.side.handlers[RequestCode.SET_MESSAGE_REQUEST_MODE] = lambda _: Reply()
    line = f"setConsumeMode -b {AT} -t T -g billing -m POP -q 3"
    assert mqadmin(cluster, line).out == (
        f"set consume mode to {AT} success.\n"
        "topic[T] group[billing] consume mode[POP] popShareQueueNum[3]"
    )
    assert json.loads(mqadmin(cluster, f"{line} --json").out)["mode"] == "POP"
    said = mqadmin(cluster, f"setConsumeMode -b {AT} -t T -g billing -m FLY")
    assert (said.status, "'FLY'" in said.err) == (1, True)
