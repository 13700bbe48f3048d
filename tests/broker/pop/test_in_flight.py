from twistedmq.broker.pop.in_flight import InFlight
from twistedmq.broker.pop.positions import Place

PLACE: Place = ("T", "G", 0)


def test_what_is_out() -> None:
    in_flight = InFlight(100)
    in_flight.popped(PLACE, 3)
    in_flight.done(PLACE, 1, 100)
    assert in_flight.count(PLACE) == 2
    in_flight.done(PLACE, 1, 99)  # popped before this broker began
    assert in_flight.count(PLACE) == 2
    in_flight.done(PLACE, 7, 100)
    assert in_flight.count(PLACE) == 0
    in_flight.popped(PLACE, 3)
    in_flight.clear(PLACE)
    assert in_flight.count(PLACE) == 0
