import json

import pytest
from admin_kit import AdminCluster, mqadmin, told

from twistedmq.app.mqadmin.times import to_the_s
from twistedmq.protocol.codes import RequestCode, ResponseCode

BROKER = "192.0.2.10:10911"
STATE = (
    b'{"runtimeTable":{"G":{"coldAcc":5,"createTimeMills":1000,'
    b'"lastColdReadTimeMills":2000}},"configTable":{},"cgColdReadThreshold":3}'
)


@pytest.fixture
def cluster(cluster: AdminCluster) -> AdminCluster:
    cluster.answers |= {
        RequestCode.GET_COLD_DATA_FLOW_CTR_INFO: told(STATE),
        RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG: told(),
        RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG: told(),
    }
    return cluster


def test_what_groups_have_read_is_shown(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, f"getColdDataFlowCtrInfo -b {BROKER}").out
    head, _, rest = said.partition("\n")
    assert head == f" ============{BROKER}============"
    assert rest == (
        '{\n\t"runtimeTable":{\n\t\t"G":{\n\t\t\t"coldAcc":5,\n'
        f'\t\t\t"lastColdReadTimeFormat":"{to_the_s(2000)}",\n'
        f'\t\t\t"createTimeFormat":"{to_the_s(1000)}"\n\t\t}}\n\t}},\n'
        '\t"configTable":{\n\t\t\n\t},\n\t"cgColdReadThreshold":3\n}\n'
    )


def test_programs_get_bytes(cluster: AdminCluster) -> None:
    line = "getColdDataFlowCtrInfo -c DefaultCluster --json"
    state = json.loads(mqadmin(cluster, line).out)[BROKER]
    assert (state["group_limit_bytes"], state["limits"]) == (3, {})
    assert state["groups"]["G"]["size_bytes"] == 5


def test_a_group_is_limited_for_a_while(cluster: AdminCluster) -> None:
    said = mqadmin(
        cluster, f"updateColdDataFlowCtrGroupConfig -b {BROKER} -g G -v 4096"
    )
    assert said.lines == [f"updateColdDataFlowCtrGroupConfig success, {BROKER}"]
    line = "removeColdDataFlowCtrGroupConfig -c DefaultCluster -g G"
    assert mqadmin(cluster, line).lines == [
        f"remove broker cold read threshold success, {BROKER}"
    ]
    assert json.loads(mqadmin(cluster, f"{line} --json").out) == {
        "group": "G",
        "limit_bytes": None,
        "brokers": [BROKER],
    }


@pytest.mark.parametrize(
    "verb",
    ["updateColdDataFlowCtrGroupConfig -v 1", "removeColdDataFlowCtrGroupConfig"],
)
def test_refusals_are_told(cluster: AdminCluster, verb: str) -> None:
    for code in (
        RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG,
        RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG,
    ):
        cluster.refuse[code] = ResponseCode.SYSTEM_ERROR, "no"
    said = mqadmin(cluster, f"{verb} -g G -b {BROKER}")
    assert (said.status, said.out) == (3, "")
