from twisted.internet.task import Clock

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.pop.in_flight import InFlight

PLACE = ("T", "G", 0)


def counted() -> tuple[InFlight, BrokerCounters]:
    counters = BrokerCounters(Clock().seconds, "c")
    return InFlight(100, counters), counters


def test_what_is_out_is_counted_since_the_start() -> None:
    in_flight, _ = counted()
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


def test_pops_and_acks_are_among_the_statistics() -> None:
    in_flight, counters = counted()
    in_flight.popped(PLACE, 3)
    in_flight.acked(PLACE, 2, 100)
    in_flight.done(PLACE, 1, 100)  # came back
    lent, acked = (counters.rates(f"GROUP_{n}_NUMS", "T@G") for n in ("CK", "ACK"))
    assert lent is not None
    assert acked is not None
    assert (lent[0].total, acked[0].total) == (1, 2)
