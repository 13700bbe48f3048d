from twisted.internet.task import Clock

from twistedmq.broker.pop.order import OrderTable
from twistedmq.broker.pop.order_wakes import OrderWakes
from twistedmq.broker.pop.positions import Place
from twistedmq.remoting.timer_wheel import TimerWheel

PLACE: Place = ("T", "G", 0)


def test_a_queue_is_watched_until_it_is_free() -> None:
    clock, wanted, woken = Clock(), [True], []
    orders = OrderTable(lambda: round(clock.seconds() * 1000))
    wakes = OrderWakes(
        TimerWheel(clock),
        orders,
        lambda: round(clock.seconds() * 1000),
        lambda *place: woken.append(place),
        lambda: wanted[0],
    )
    wakes.watch(PLACE)
    assert len(wakes) == 0
    orders.given(PLACE, [5], 0, 3_000, None)
    wakes.watch(PLACE)
    orders.postpone(PLACE, 5, 0, 5_000)
    wakes.watch(PLACE)
    assert len(wakes) == 1
    clock.advance(4.9)
    assert woken == []
    clock.advance(0.2)
    assert woken == [PLACE]
    assert len(wakes) == 0
    wanted[0] = False
    wakes.watch(PLACE)
    assert len(wakes) == 0
