from twisted.internet.task import Clock

from twistedmq.broker.statistics.throughput import CLASSES, ROLL_S, Throughput


class Counted(Throughput):
    """With numbers that the test changes."""

    def __init__(self, clock: Clock) -> None:
        self.messages = 0
        super().__init__(clock.seconds, lambda: self.messages, lambda: self.messages)


def counted(throughput: Throughput) -> dict[str, int]:
    pairs = (each.rsplit(":", 1) for each in throughput.times.text().split())
    return {name: int(count) for name, count in pairs if count != "0"}


def test_writes_are_sorted_by_how_long_they_took() -> None:
    clock = Clock()
    throughput = Counted(clock)
    for took_s, calls in (
        (0, 5),
        (0.0009, 1),
        (0.004, 2),
        (0.05, 3),
        (1.5, 1),
        (11, 1),
    ):
        began_s = clock.seconds()
        clock.advance(took_s)
        throughput.stored(began_s, calls)
    assert counted(throughput) == {
        "[<=0ms]": 6,
        "[0~10ms]": 2,
        "[50~100ms]": 3,
        "[1~2s]": 1,
        "[10s~]": 1,
    }
    assert throughput.longest_put_ms == 11_000
    assert throughput.times.text().count(":") == len(CLASSES)


def test_a_new_distribution_is_begun_every_minute() -> None:
    clock = Clock()
    throughput = Counted(clock)
    throughput.stored(0.0, 1)
    clock.advance(ROLL_S)
    throughput.tick()
    throughput.stored(clock.seconds() - 0.02, 9)
    assert counted(throughput) == {"[<=0ms]": 1}
    clock.advance(ROLL_S)
    throughput.tick()
    assert counted(throughput) == {"[10~50ms]": 9}
    assert 18 < throughput.times.quantile_ms(0.99) <= 20


def test_rates_are_over_ten_sixty_and_six_hundred_seconds() -> None:
    clock = Clock()
    throughput = Counted(clock)
    for second in range(700):
        messages = 10 if second < 690 else 110
        throughput.messages += messages
        throughput.read(messages)
        throughput.read(0)
        clock.advance(1)
        throughput.tick()
    rates = throughput.rates()
    assert rates["puts"][0] == 110.0
    assert 20.0 < rates["puts"][1] < 30.0
    assert 10.0 < rates["puts"][2] < 12.0
    assert rates["found"] == rates["missed"] == (1.0, 1.0, 1.0)
    assert rates["transferred"] == rates["puts"]


def test_at_first_there_is_a_rate_too() -> None:
    clock = Clock()
    throughput = Counted(clock)
    throughput.messages += 30
    clock.advance(3)
    assert throughput.rates()["puts"] == (10.0, 10.0, 10.0)


def test_the_longest_read_is_kept() -> None:
    throughput = Counted(Clock())
    throughput.read(1, 7)
    throughput.read(0, 3)
    assert throughput.longest_get_ms == 7
