import pytest
from namesrv_kit import NameServer

from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply

UPDATE = RequestCode.UPDATE_NAMESRV_CONFIG


@pytest.fixture
def server() -> NameServer:
    return NameServer().start()


def lines(server: NameServer) -> list[str]:
    reply = server.ask(RequestCode.GET_NAMESRV_CONFIG)
    assert isinstance(reply.body, bytes)
    return reply.body.decode().splitlines()


def test_all_settings_are_shown_by_name(server: NameServer) -> None:
    shown = lines(server)
    assert "listenPort=9876" in shown
    assert "waitSecondsForService=45" in shown
    assert shown == sorted(shown)
    assert not any("keyPassword" in line for line in shown)


def test_a_change_has_its_effect_is_kept_and_shown(server: NameServer) -> None:
    body = b"orderMessageEnable=true\nscanNotActiveBrokerInterval=1000\n"
    assert server.ask(UPDATE, body=body).code == 0
    config = server.settings.live(NamesrvConfig).value
    assert (config.order_messages, config.scan_interval_ms) == (True, 1000)
    assert server.kept["scanNotActiveBrokerInterval"] == "1000"
    assert "scanNotActiveBrokerInterval=1000" in lines(server)


def refused(server: NameServer, body: bytes) -> Reply:
    before = lines(server)
    reply = server.ask(UPDATE, body=body)
    assert lines(server) == before
    assert server.kept == {}
    return reply


def test_what_is_on_the_black_list_is_refused(server: NameServer) -> None:
    reply = refused(server, b"orderMessageEnable=true\nkvConfigPath=x")
    assert reply.code == ResponseCode.NO_PERMISSION
    assert reply.remark == "Can not update config in black list."


def test_a_wrong_value_is_told_and_nothing_of_the_request_done(
    server: NameServer,
) -> None:
    reply = refused(server, b"orderMessageEnable=true\nenableTopicList=si")
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert "enableTopicList=si: not allowed; allowed is true or false" in str(
        reply.remark
    )


def test_a_change_that_cannot_be_kept_is_none() -> None:
    server = NameServer()

    def full(changes: object) -> None:
        raise OSError("disk full")

    server.settings._persist = full
    reply = refused(server.start(), b"orderMessageEnable=true")
    assert "disk full" in str(reply.remark)
    assert not server.settings.live(NamesrvConfig).value.order_messages


def test_an_empty_request_changes_nothing(server: NameServer) -> None:
    assert refused(server, b"").code == 0
