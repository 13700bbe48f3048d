import json

import pytest
from admin_kit import AdminCluster, mqadmin, text_of, told
from client_kit import WALL_MS

from twistedmq.app.mqadmin.times import to_the_ms
from twistedmq.protocol.bodies.replication import (
    HAClientRuntimeInfo,
    HAConnectionRuntimeInfo,
    HARuntimeInfo,
)
from twistedmq.protocol.bodies.tables import KVTable
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.fields import encode_fields

BROKER = "192.0.2.10:10911"
OTHER = "192.0.2.11:10911"


@pytest.fixture
def cluster() -> AdminCluster:
    cluster = AdminCluster(brokers=2)
    figures = {"putTps": "1.0 2.0", "bootTimestamp": "7"}
    settings = {"brokerName": "a", "autoCreateTopicEnable": "true"}
    cluster.answers |= {
        RequestCode.GET_BROKER_RUNTIME_INFO: told(KVTable(table=figures)),
        RequestCode.GET_BROKER_CONFIG: told(text_of(settings)),
        RequestCode.UPDATE_BROKER_CONFIG: told(),
        RequestCode.SWITCH_TIMER_ENGINE: told(),
        RequestCode.POP_ROLLBACK: told(),
        RequestCode.SET_COMMITLOG_READ_MODE: Command(code=0, remark=" done"),
    }
    return cluster


def test_figures_are_shown(cluster: AdminCluster) -> None:
    assert mqadmin(cluster, f"brokerStatus -b {BROKER}").lines == [
        "bootTimestamp                   : 7",
        "putTps                          : 1.0 2.0",
    ]
    said = mqadmin(cluster, "brokerStatus -c DefaultCluster").lines
    assert said[0] == f"{BROKER}         bootTimestamp                   : 7"
    assert len(said) == 4
    said = mqadmin(cluster, f"brokerStatus -b {BROKER} --json").out
    assert json.loads(said)[BROKER]["putTps"] == "1.0 2.0"


def test_figures_of_those_that_answer_are_shown(cluster: AdminCluster) -> None:
    cluster.down.add(BROKER)
    said = mqadmin(cluster, "brokerStatus -c DefaultCluster")
    assert said.status == 2
    assert len(said.lines) == 2
    assert said.err.startswith(f"mqadmin: cannot connect to {BROKER}")


def test_settings_are_shown(cluster: AdminCluster) -> None:
    rows = [
        "autoCreateTopicEnable                             =  true",
        "brokerName                                        =  a",
        "",
    ]
    said = mqadmin(cluster, f"getBrokerConfig -b {BROKER}")
    assert said.lines == [f"============{BROKER}============", *rows]
    said = mqadmin(cluster, "getBrokerConfig -c DefaultCluster")
    assert said.lines[4:] == [f"============Master: {OTHER}============", *rows]
    said = mqadmin(cluster, f"getBrokerConfig -b {BROKER} --json")
    assert json.loads(said.out)[BROKER]["brokerName"] == "a"


def test_a_setting_is_changed(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, f"updateBrokerConfig -b {BROKER} -k a -v b")
    assert said.lines == [f"update broker config success, {BROKER}"]
    assert cluster.bodies[-1][2] == b"a=b\n"
    line = "updateBrokerConfig -c DefaultCluster -a true -k a -v b"
    assert len(mqadmin(cluster, line).lines) == 2
    assert json.loads(mqadmin(cluster, f"{line} --json").out) == {
        "key": "a",
        "value": "b",
        "brokers": [BROKER, OTHER],
    }


@pytest.mark.parametrize(
    "line",
    [
        "updateBrokerConfig -c DefaultCluster -k a -v b",
        "switchTimerEngine -c DefaultCluster -e R",
        "exportPopRecord -c DefaultCluster",
    ],
)
def test_the_other_brokers_of_a_cluster_go_on(cluster: AdminCluster, line: str) -> None:
    def refuse(address: str, header: object, body: bytes) -> Command:
        if address == BROKER:
            return Command(code=ResponseCode.NO_PERMISSION, remark="no")
        return told()

    for code in (
        RequestCode.UPDATE_BROKER_CONFIG,
        RequestCode.SWITCH_TIMER_ENGINE,
        RequestCode.POP_ROLLBACK,
    ):
        cluster.answers[code] = refuse
    said = mqadmin(cluster, line)
    assert said.status == 3
    assert said.err.startswith(f"mqadmin: {BROKER} refused: NO_PERMISSION")
    assert OTHER in said.lines[-1]


def test_a_mode_of_reading_is_set(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, f"setCommitLogReadAheadMode -b {BROKER} -m 1")
    assert said.lines == [
        f" ============{BROKER}============",
        "commitLog set readAhead mode rstStr done",
    ]
    line = f"setCommitLogReadAheadMode -b {BROKER} -m 0 --json"
    assert json.loads(mqadmin(cluster, line).out) == {
        "read_ahead": True,
        "brokers": [BROKER],
    }
    wrong = mqadmin(cluster, f"setCommitLogReadAheadMode -b {BROKER} -m 7")
    assert (wrong.status, wrong.out) == (1, "")
    assert "commitLogReadAheadMode is '7', not one of 0" in wrong.err


def test_an_engine_for_timers_is_chosen(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, f"switchTimerEngine -b {BROKER} -e F")
    assert said.lines == [f"switchTimerEngine to F success, {BROKER}"]
    assert mqadmin(cluster, f"switchTimerEngine -b {BROKER} -e X").status == 1


def test_pop_records_are_exported_unless_it_is_dry(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, f"exportPopRecord -b {BROKER} -d true")
    row = f"Export broker records, brokerName=a, brokerAddr={BROKER}, dryRun="
    assert said.lines == [f"{row}true"]
    assert not cluster.asked(RequestCode.POP_ROLLBACK)
    assert mqadmin(cluster, f"exportPopRecord -b {BROKER}").lines == [f"{row}false"]
    assert cluster.asked(RequestCode.POP_ROLLBACK)


def test_what_a_slave_believes_of_its_master_is_set(cluster: AdminCluster) -> None:
    cluster.answers[RequestCode.RESET_MASTER_FLUSH_OFFSET] = told()
    said = mqadmin(cluster, f"resetMasterFlushOffset -b {BROKER} -o 4096")
    assert said.lines == ["reset master flush offset to 4096 success"]
    [(address, header)] = cluster.asked(RequestCode.RESET_MASTER_FLUSH_OFFSET)
    assert address == BROKER
    assert encode_fields(header) == {"masterFlushOffset": "4096"}
    for less in (f"-b {BROKER}", "-o 1"):
        wrong = mqadmin(cluster, f"resetMasterFlushOffset {less}")
        assert (wrong.status, wrong.out) == (1, "")
        assert "both -b/--brokerAddr and -o/--offset" in wrong.err


def test_slaves_are_shown(cluster: AdminCluster) -> None:
    slave = HAConnectionRuntimeInfo(
        addr="x:2",
        slave_ack_offset=90,
        diff=10,
        in_sync=True,
        transferred_byte_in_second=2048,
        transfer_from_where=5,
    )
    cluster.answers[RequestCode.GET_BROKER_HA_STATUS] = told(
        HARuntimeInfo(
            master=True,
            master_commit_log_max_offset=100,
            in_sync_slave_nums=1,
            ha_connection_info=[slave],
        )
    )
    blank, *rest = mqadmin(cluster, f"haStatus -b {BROKER}").lines
    assert (blank, rest[:4]) == (
        "",
        [
            f"#MasterAddr\t{BROKER}",
            "#MasterCommitLogMaxOffset\t100",
            "#SlaveNum\t1",
            "#InSyncSlaveNum\t1",
        ],
    )
    assert rest[5].split() == ["x:2", "90", "10", "2.00", "OK", "5"]
    [told_of] = json.loads(mqadmin(cluster, f"haStatus -b {BROKER} --json").out)
    assert told_of["slaves"] == [
        {"address": "x:2", "ack_offset": 90, "behind_bytes": 10, "in_sync": True}
    ]


def test_a_slave_shows_its_master(cluster: AdminCluster) -> None:
    own = HAClientRuntimeInfo(
        master_addr="x:1",
        max_offset=9,
        last_read_timestamp=WALL_MS,
        last_write_timestamp=WALL_MS,
    )
    state = HARuntimeInfo(ha_client_runtime_info=own)
    cluster.answers[RequestCode.GET_BROKER_HA_STATUS] = told(state)
    assert mqadmin(cluster, f"haStatus -b {BROKER}").lines == [
        "",
        "#MasterAddr\tx:1",
        "#CommitLogMaxOffset\t9",
        "#TransferSpeed(KB/s)\t0.00",
        f"#LastReadTime\t{to_the_ms(WALL_MS)}",
        f"#LastWriteTime\t{to_the_ms(WALL_MS)}",
        "#MasterFlushOffset\t0",
    ]
    [told_of] = json.loads(mqadmin(cluster, f"haStatus -b {BROKER} --json").out)
    assert (told_of["master"], told_of["max_offset"]) == ("x:1", 9)
