import pytest
from admin_kit import AdminCluster, told
from client_kit import NAME_SERVER, result_of

from twistedmq.admin.asking import Silent
from twistedmq.admin.client import Admin
from twistedmq.admin.namesrv import NameServerTables
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.remoting.errors import ConnectError


@pytest.fixture
def cluster() -> AdminCluster:
    return AdminCluster()


@pytest.fixture
def tables(cluster: AdminCluster) -> NameServerTables:
    cluster.answers[RequestCode.PUT_KV_CONFIG] = told()
    cluster.answers[RequestCode.DELETE_KV_CONFIG] = told()
    return result_of(Admin(settings=cluster.settings()).start()).namesrv  # type: ignore[no-any-return]


def test_values_are_read(cluster: AdminCluster, tables: NameServerTables) -> None:
    cluster.answers[RequestCode.GET_KV_CONFIG] = told(value="v")
    assert result_of(tables.value("ns", "k")) == "v"
    [(_, header)] = cluster.asked(RequestCode.GET_KV_CONFIG)
    assert (header.namespace, header.key) == ("ns", "k")


def test_a_value_may_be_absent(cluster: AdminCluster, tables: NameServerTables) -> None:
    none = Command(code=ResponseCode.QUERY_NOT_FOUND, remark="none")
    cluster.answers[RequestCode.GET_KV_CONFIG] = none
    assert result_of(tables.value("ns", "k")) is None


def test_values_are_written_and_removed(
    cluster: AdminCluster, tables: NameServerTables
) -> None:
    result_of(tables.put("ns", "k", "v"))
    result_of(tables.remove("ns", "k"))
    [(address, put)] = cluster.asked(RequestCode.PUT_KV_CONFIG)
    assert (address, put.namespace, put.key, put.value) == (NAME_SERVER, "ns", "k", "v")
    [(_, removed)] = cluster.asked(RequestCode.DELETE_KV_CONFIG)
    assert (removed.namespace, removed.key) == ("ns", "k")


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "a:4"), ("b:2", "b:2;a:4"), ("a:1;b:2", "a:4;b:2")],
)
def test_the_order_of_other_brokers_stays(
    cluster: AdminCluster, tables: NameServerTables, before: str | None, after: str
) -> None:
    cluster.answers[RequestCode.GET_KV_CONFIG] = (
        Command(code=ResponseCode.QUERY_NOT_FOUND)
        if before is None
        else told(value=before)
    )
    assert result_of(tables.put_order("T", "a", 4)) == after
    [(_, put)] = cluster.asked(RequestCode.PUT_KV_CONFIG)
    assert (put.namespace, put.key, put.value) == ("ORDER_TOPIC_CONFIG", "T", after)


def test_refusals_are_errors(cluster: AdminCluster, tables: NameServerTables) -> None:
    cluster.refuse[RequestCode.PUT_KV_CONFIG] = ResponseCode.SYSTEM_ERROR, "no"
    cluster.refuse[RequestCode.GET_KV_CONFIG] = ResponseCode.SYSTEM_ERROR, "no"
    for refused in (tables.put("ns", "k", "v"), tables.value("ns", "k")):
        with pytest.raises(RefusedError):
            result_of(refused)


def test_settings_are_told_by_each(
    cluster: AdminCluster, tables: NameServerTables
) -> None:
    cluster.answers[RequestCode.GET_NAMESRV_CONFIG] = told(b"b=2\na=1\n")
    cluster.answers[RequestCode.UPDATE_NAMESRV_CONFIG] = told()
    assert tables.addresses == [NAME_SERVER]
    assert result_of(tables.configs()) == {NAME_SERVER: {"a": "1", "b": "2"}}
    result_of(tables.update_config({"a": "3"}))
    assert cluster.bodies[-1][2] == b"a=3\n"


def test_a_broker_is_taken_out_and_put_back(
    cluster: AdminCluster, tables: NameServerTables
) -> None:
    cluster.answers[RequestCode.WIPE_WRITE_PERM_OF_BROKER] = told(wipeTopicCount="23")
    cluster.answers[RequestCode.ADD_WRITE_PERM_OF_BROKER] = told(addTopicCount="22")
    assert result_of(tables.wipe_write_perm("b")) == {NAME_SERVER: 23}
    assert result_of(tables.add_write_perm("b")) == {NAME_SERVER: 22}
    [(_, header)] = cluster.asked(RequestCode.ADD_WRITE_PERM_OF_BROKER)
    assert header.broker_name == "b"


def test_the_others_do_it_where_one_does_not_answer(
    cluster: AdminCluster, tables: NameServerTables
) -> None:
    tables._nameservers.addresses = [NAME_SERVER, "gone:1"]
    cluster.down.add("gone:1")
    cluster.answers[RequestCode.WIPE_WRITE_PERM_OF_BROKER] = told(wipeTopicCount="3")
    silent: Silent = {}
    found = result_of(tables.wipe_write_perm("b", silent=silent))
    assert (found, list(silent)) == ({NAME_SERVER: 3}, ["gone:1"])
    with pytest.raises(ConnectError):
        result_of(tables.wipe_write_perm("b"))
