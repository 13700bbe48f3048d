from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.task import Clock

from twistedmq.broker.flow.cold_reads import PERIOD_S, ColdReads
from twistedmq.config.flow import ColdConfig
from twistedmq.config.live import Live

PLACE = ("T", "G", 0)


class Cold:
    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        config = ColdConfig(enabled=True, group_bytes=100)
        self.config = Live(replace(config, **settings))
        self.reads = ColdReads(
            self.config, self.clock.seconds, lambda: int(self.clock.seconds() * 1000)
        )

    def read(self, size: int, group: str = "G", queue_id: int = 0) -> None:
        self.reads.note("T", group, queue_id, size)


def test_a_group_waits_that_has_read_enough_until_five_seconds_are_over() -> None:
    cold = Cold()
    cold.read(99)
    assert not cold.reads.must_wait(*PLACE)
    cold.read(1)
    assert cold.reads.must_wait(*PLACE)
    cold.clock.advance(PERIOD_S)
    assert not cold.reads.must_wait(*PLACE)


def test_only_queues_wait_that_are_read_from_the_disk() -> None:
    cold = Cold()
    cold.read(100)
    assert not cold.reads.must_wait("T", "G", 1)
    assert not cold.reads.must_wait("T", "G2", 0)


def test_all_groups_together_have_a_limit() -> None:
    cold = Cold(global_bytes=150)
    cold.read(90)
    cold.read(90, "G2")
    assert cold.reads.must_wait(*PLACE)
    assert cold.reads.must_wait("T", "G2", 0)


def test_a_group_may_have_a_limit_of_its_own() -> None:
    cold = Cold()
    cold.reads.limits.set("G", 1000)
    cold.read(500)
    assert not cold.reads.must_wait(*PLACE)
    cold.read(500)
    assert cold.reads.must_wait(*PLACE)


@pytest.mark.parametrize("group", ["G", "CID_RMQ_SYS_TRANS"])
def test_nobody_waits_unless_it_is_on_and_the_system_never(group: str) -> None:
    cold = Cold()
    cold.read(10**6, group)
    cold.config.set(replace(cold.config.value, enabled=group != "G"))
    assert not cold.reads.must_wait("T", group, 0)


def test_who_is_quiet_is_forgotten() -> None:
    cold = Cold()
    cold.read(10)
    cold.clock.advance(50)
    assert cold.reads.info()["runtimeTable"] == {
        "G": {"coldAcc": 0, "createTimeMills": 0, "lastColdReadTimeMills": 0}
    }
    cold.clock.advance(11)
    assert cold.reads.info()["runtimeTable"] == {}


def test_how_often_somebody_waited_is_shown() -> None:
    cold = Cold()
    cold.read(100)
    cold.reads.delayed()
    assert [sample.value for sample in cold.reads.samples()] == [1]


def test_a_group_that_wants_more_gets_more_until_it_reads_nothing_for_a_minute() -> (
    None
):
    cold = Cold(adaptive=True, uses_pid=False)
    cold.read(100)
    cold.clock.advance(PERIOD_S)
    assert not cold.reads.must_wait(*PLACE)
    cold.read(149)
    assert not cold.reads.must_wait(*PLACE)
    assert cold.reads.info()["configTable"] == {"G||adaptive": 150}
    cold.clock.advance(59)
    assert cold.reads.info()["configTable"] == {"G||adaptive": 150}
    cold.clock.advance(PERIOD_S)
    assert cold.reads.info()["configTable"] == {}


def test_hours_without_a_read_cost_nothing_and_change_nothing() -> None:
    cold = Cold(adaptive=True)
    cold.clock.advance(10**9)
    cold.read(100)
    assert cold.reads.must_wait(*PLACE)
    assert cold.reads.info()["globalAcc"] == 100
