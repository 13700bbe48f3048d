from typing import Any

from twistedmq.config.keys_broker import check_address_server


def told(**values: Any) -> str | None:
    return check_address_server(values.__getitem__)


def test_who_wants_to_ask_an_address_server_says_which() -> None:
    url = "http://10.0.0.1:8080/rocketmq/nsaddr"
    wants: dict[str, Any] = {"fetchNamesrvAddrByAddressServer": True}
    assert told(**wants, addressServer=url) is None
    assert "addressServer" in str(told(**wants, addressServer=""))
    assert told(fetchNamesrvAddrByAddressServer=False, addressServer="") is None
