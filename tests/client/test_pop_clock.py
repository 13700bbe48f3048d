from twistedmq.client.pop_clock import BrokerClocks


def test_each_broker_has_a_clock_of_its_own() -> None:
    now = [1_000_000]
    clocks = BrokerClocks(lambda: now[0])
    assert clocks.now_ms("a") == 1_000_000
    clocks.learn("a", 1_005_000)
    clocks.learn("b", 900_000)
    now[0] += 100
    assert clocks.now_ms("a") == 1_005_100
    assert clocks.now_ms("b") == 900_100
    assert clocks.now_ms("c") == 1_000_100
