import json

import pytest
from admin_kit import AdminCluster, mqadmin, told
from client_kit import NAME_SERVER

from twistedmq.protocol.codes import RequestCode

SETTINGS = [f"{key:50}=  {value}" for key, value in (("a", 1), ("b", 2))]


@pytest.fixture
def cluster(cluster: AdminCluster) -> AdminCluster:
    cluster.answers |= {
        RequestCode.GET_NAMESRV_CONFIG: told(b"b=2\na=1\n"),
        RequestCode.UPDATE_NAMESRV_CONFIG: told(),
        RequestCode.PUT_KV_CONFIG: told(),
        RequestCode.DELETE_KV_CONFIG: told(),
        RequestCode.WIPE_WRITE_PERM_OF_BROKER: told(wipeTopicCount="23"),
        RequestCode.ADD_WRITE_PERM_OF_BROKER: told(addTopicCount="22"),
    }
    return cluster


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        (
            "getNamesrvConfig",
            [f"============{NAME_SERVER}============", *SETTINGS],
        ),
        (
            "updateNamesrvConfig -k a -v 1",
            ["update name server config success!", "a : 1"],
        ),
        (
            f"updateNamesrvConfig -k a -v 1 -n {NAME_SERVER}",
            [f"update name server config success![{NAME_SERVER}]", "a : 1"],
        ),
        (
            "updateKvConfig -s ns -k a -v 1",
            ["create or update kv config to namespace success."],
        ),
        (
            "deleteKvConfig -s ns -k a",
            ["delete kv config from namespace success."],
        ),
        (
            "wipeWritePerm -b b",
            [f"wipe write perm of broker[b] in name server[{NAME_SERVER}] OK, 23"],
        ),
        (
            "addWritePerm -b b",
            [f"add write perm of broker[b] in name server[{NAME_SERVER}] OK, 22"],
        ),
    ],
)
def test_each_verb_says_what_the_genuine_one_does(
    cluster: AdminCluster, line: str, lines: list[str]
) -> None:
    said = mqadmin(cluster, line)
    assert (said.status, said.lines) == (0, lines)


@pytest.mark.parametrize(
    ("line", "told_of"),
    [
        ("getNamesrvConfig", {NAME_SERVER: {"a": "1", "b": "2"}}),
        (
            "updateNamesrvConfig -k a -v 1",
            {"key": "a", "value": "1", "name_servers": [NAME_SERVER]},
        ),
        (
            "updateKvConfig -s ns -k a -v 1",
            {"namespace": "ns", "key": "a", "value": "1"},
        ),
        ("deleteKvConfig -s ns -k a", {"namespace": "ns", "key": "a"}),
        ("wipeWritePerm -b b", {"broker": "b", "topics_changed": {NAME_SERVER: 23}}),
    ],
)
def test_programs_are_told_the_same(
    cluster: AdminCluster, line: str, told_of: object
) -> None:
    assert json.loads(mqadmin(cluster, f"{line} --json").out) == told_of
