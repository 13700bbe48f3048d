import pytest
from namesrv_kit import NameServer

from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers.namesrv import (
    DeleteKVConfigRequestHeader,
    GetKVConfigRequestHeader,
    GetKVConfigResponseHeader,
    GetKVListByNamespaceRequestHeader,
    PutKVConfigRequestHeader,
)


@pytest.fixture
def server() -> NameServer:
    return NameServer().start()


def put(server: NameServer, value: str) -> Reply:
    header = PutKVConfigRequestHeader(namespace="n", key="k", value=value)
    return server.ask(RequestCode.PUT_KV_CONFIG, header)


def get(server: NameServer) -> Reply:
    header = GetKVConfigRequestHeader(namespace="n", key="k")
    return server.ask(RequestCode.GET_KV_CONFIG, header)


def test_a_value_is_put_and_got(server: NameServer) -> None:
    assert put(server, "值").code == 0
    assert get(server).header == GetKVConfigResponseHeader(value="值")
    header = GetKVListByNamespaceRequestHeader(namespace="n")
    reply = server.ask(RequestCode.GET_KVLIST_BY_NAMESPACE, header)
    assert reply.body == '{"table":{"k":"值"}}'.encode()


def test_what_is_not_there_is_told_in_upstreams_words(server: NameServer) -> None:
    reply = get(server)
    assert reply.code == ResponseCode.QUERY_NOT_FOUND
    assert reply.remark == "No config item, Namespace: n Key: k"
    header = GetKVListByNamespaceRequestHeader(namespace="n")
    reply = server.ask(RequestCode.GET_KVLIST_BY_NAMESPACE, header)
    assert (reply.code, reply.remark) == (22, "No config item, Namespace: n")


def test_a_key_is_deleted(server: NameServer) -> None:
    put(server, "v")
    header = DeleteKVConfigRequestHeader(namespace="n", key="k")
    assert server.ask(RequestCode.DELETE_KV_CONFIG, header).code == 0
    assert get(server).code == ResponseCode.QUERY_NOT_FOUND


def test_a_restart_finds_what_was_put(server: NameServer) -> None:
    put(server, "v")
    server.stop()
    again = NameServer()
    again.disk.data = server.disk.data
    assert get(again.start()).header == GetKVConfigResponseHeader(value="v")


def test_a_full_disk_is_told_and_nothing_changed(server: NameServer) -> None:
    put(server, "old")
    server.disk.error = OSError("No space left on device")
    reply = put(server, "new")
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert "No space left" in str(reply.remark)
    assert get(server).header == GetKVConfigResponseHeader(value="old")
