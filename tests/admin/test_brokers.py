from typing import Any

import pytest
from admin_kit import AdminCluster, text_of, told
from client_kit import result_of

from twistedmq.admin.brokers import Brokers, read_settings, write_settings
from twistedmq.admin.client import Admin
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.bodies.replication import HARuntimeInfo
from twistedmq.protocol.bodies.tables import KVTable
from twistedmq.protocol.bodies.topics import (
    TopicConfig,
    TopicConfigSerializeWrapper,
    TopicList,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.fields import encode_fields

BROKER = "192.0.2.10:10911"


@pytest.fixture
def cluster() -> AdminCluster:
    return AdminCluster()


@pytest.fixture
def brokers(cluster: AdminCluster) -> Brokers:
    return result_of(Admin(settings=cluster.settings()).start()).brokers  # type: ignore[no-any-return]


def test_a_broker_tells_its_figures(cluster: AdminCluster, brokers: Brokers) -> None:
    figures = {"putTps": "1.0 0.5 0.1"}
    cluster.answers[RequestCode.GET_BROKER_RUNTIME_INFO] = told(KVTable(table=figures))
    assert result_of(brokers.runtime(BROKER)) == figures


def test_settings_are_told_and_changed(cluster: AdminCluster, brokers: Brokers) -> None:
    settings = {"brokerName": "a", "autoCreateTopicEnable": "true"}
    cluster.answers[RequestCode.GET_BROKER_CONFIG] = told(text_of(settings))
    cluster.answers[RequestCode.UPDATE_BROKER_CONFIG] = told()
    found = result_of(brokers.config(BROKER))
    assert found == settings
    assert list(found) == sorted(settings)
    result_of(brokers.update_config(BROKER, {"brokerName": "b"}))
    assert cluster.bodies[-1] == (
        BROKER,
        RequestCode.UPDATE_BROKER_CONFIG,
        b"brokerName=b\n",
    )


def test_settings_survive_the_way_there_and_back() -> None:
    awkward = {"a key": "ä\n\\ x", "b": ""}
    assert read_settings(write_settings(awkward)) == awkward


def test_a_broker_tells_its_topics(cluster: AdminCluster, brokers: Brokers) -> None:
    table = {"T": TopicConfig(topic_name="T", read_queue_nums=3)}
    cluster.answers[RequestCode.GET_ALL_TOPIC_CONFIG] = told(
        TopicConfigSerializeWrapper(topic_config_table=table)
    )
    cluster.answers[RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER] = told(
        TopicList(topic_list=["b", "a"])
    )
    assert result_of(brokers.topics(BROKER)).topic_config_table == table
    assert result_of(brokers.system_topics(BROKER)) == ["a", "b"]


def test_a_broker_tells_of_its_slaves(cluster: AdminCluster, brokers: Brokers) -> None:
    state = HARuntimeInfo(master=True, master_commit_log_max_offset=7)
    cluster.answers[RequestCode.GET_BROKER_HA_STATUS] = told(state)
    assert result_of(brokers.replication(BROKER)) == state


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (Brokers.delete_expired_files, RequestCode.DELETE_EXPIRED_COMMITLOG),
        (Brokers.clean_expired_queues, RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE),
        (Brokers.clean_unused_topics, RequestCode.CLEAN_UNUSED_TOPIC),
        (Brokers.export_pop_records, RequestCode.POP_ROLLBACK),
    ],
)
def test_a_broker_is_told_to_tidy_up(
    cluster: AdminCluster, brokers: Brokers, call: Any, code: RequestCode
) -> None:
    cluster.answers[code] = told()
    assert result_of(call(brokers, BROKER)) is None
    assert cluster.asked(code) == [(BROKER, None)]


def test_engines_and_modes_go_as_the_genuine_fields(
    cluster: AdminCluster, brokers: Brokers
) -> None:
    ahead, engine = (
        RequestCode.SET_COMMITLOG_READ_MODE,
        RequestCode.SWITCH_TIMER_ENGINE,
    )
    cluster.answers[ahead] = Command(code=0, remark="mode: 1")
    cluster.answers[engine] = told()
    assert result_of(brokers.set_read_ahead(BROKER, ahead=False)) == "mode: 1"
    assert result_of(brokers.set_read_ahead(BROKER, ahead=True)) == "mode: 1"
    result_of(brokers.use_timer_engine(BROKER, "F"))
    fields = [encode_fields(h) for c in (ahead, engine) for _, h in cluster.asked(c)]
    assert fields == [{"READ_AHEAD_MODE": "1"}, {"READ_AHEAD_MODE": "0"}, {"E_T": "F"}]


def test_refusals_are_errors(cluster: AdminCluster, brokers: Brokers) -> None:
    code = RequestCode.UPDATE_BROKER_CONFIG
    cluster.refuse[code] = ResponseCode.NO_PERMISSION, "black list"
    with pytest.raises(RefusedError) as refused:
        result_of(brokers.update_config(BROKER, {"brokerConfigPath": "x"}))
    assert refused.value.code == ResponseCode.NO_PERMISSION
