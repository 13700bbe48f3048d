from types import SimpleNamespace

from twistedmq.remoting.figures import PortFigures
from twistedmq.remoting.limits import Limits


def test_connections_and_what_they_wait_for() -> None:
    def connection(number: int, *, paused: bool) -> SimpleNamespace:
        return SimpleNamespace(
            in_flight=number, in_flight_bytes=100 * number, is_paused=paused
        )

    connections = [connection(2, paused=False), connection(3, paused=True)]
    server = SimpleNamespace(connections=connections, limits=Limits(max_connections=7))
    figures = PortFigures({"main": server})
    found = {
        sample.metric.name.removeprefix("twistedmq_"): sample.value
        for sample in figures.samples()
    }
    assert found == {
        "connections": 2,
        "connections_limit": 7,
        "requests_in_flight": 5,
        "requests_in_flight_bytes": 500,
        "connections_paused": 1,
    }
