from twistedmq.app.mqadmin.fastjson import indented, pretty
from twistedmq.protocol.bodies.routes import BrokerData


def test_json_is_spread_with_tabs_and_bare_keys() -> None:
    broker = BrokerData(broker_addrs={0: "x:1"}, broker_name="a", cluster="c")
    assert pretty(broker) == (
        '{\n\t"brokerAddrs":{\n\t\t0:"x:1"\n\t},\n\t"brokerName":"a",\n'
        '\t"cluster":"c",\n\t"enableActingMaster":false\n}'
    )


def test_what_is_empty_takes_a_line() -> None:
    assert indented('{"a":{},"b":[]}') == (
        '{\n\t"a":{\n\t\t\n\t},\n\t"b":[\n\t\t\n\t]\n}'
    )


def test_text_stays_as_it_is() -> None:
    assert indented(r'["{,\"}:\\"]') == "[\n\t" + r'"{,\"}:\\"' + "\n]"
