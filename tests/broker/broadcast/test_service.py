from twisted.internet.task import Clock

from twistedmq.broker.broadcast.service import BroadcastService


class Told:
    def __init__(self) -> None:
        self.done: list[str] = []

    def commit(self) -> None:
        self.done.append("commit")

    def expire(self) -> None:
        self.done.append("expire")


def test_progress_is_committed_often_and_members_are_looked_at_seldom() -> None:
    clock, told = Clock(), Told()
    service = BroadcastService(clock, told)  # type: ignore[arg-type]
    service.startService()
    clock.pump([5.0] * 6)
    assert told.done == ["commit"] * 5 + ["expire", "commit"]
    service.stopService()
    assert told.done[-1] == "commit"
    assert len(told.done) == 8
    assert clock.getDelayedCalls() == []


def test_a_service_that_never_began_stops_too() -> None:
    told = Told()
    BroadcastService(Clock(), told).stopService()  # type: ignore[arg-type]
    assert told.done == ["commit"]
