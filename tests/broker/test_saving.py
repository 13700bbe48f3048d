from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from twistedmq.broker.saving import SavingService


class Saved(SavingService):
    def __init__(self, clock: Clock) -> None:
        self.interval_ms = 5000
        super().__init__(clock, lambda: self.interval_ms)
        self.times: list[float] = []
        self.result: Deferred[None] | None = None

    def _save(self) -> Deferred[None] | None:
        self.times.append(self._clock.seconds())
        return self.result


def test_it_saves_every_so_often_and_at_the_end() -> None:
    clock = Clock()
    service = Saved(clock)
    clock.advance(60)
    assert service.times == []
    service.startService()
    clock.advance(5)
    service.interval_ms = 2000  # from the next time on
    clock.pump([5, 2])
    assert service.times == [65, 70, 72]
    service.result = Deferred()
    stopped = service.stopService()
    assert service.times == [65, 70, 72, 72]
    assert not stopped.called
    service.result.callback(None)
    assert stopped.called
    assert not clock.getDelayedCalls()


def test_an_end_with_nothing_to_save_is_one_at_once() -> None:
    service = Saved(Clock())
    assert service.stopService().called  # never started
    service.result = succeed(None)
    service.startService()
    assert service.stopService().called
