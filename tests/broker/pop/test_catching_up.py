from typing import Any

import pytest
from pop_side import REVIVE_TOPIC, PopSide

from twistedmq.broker.pop.catching_up import MARGIN_MS, PopCatchUp
from twistedmq.protocol.record import RecordError
from twistedmq.testing.batches import Told, batch_of


def crashed() -> PopSide:
    """Give a side on which everything was popped, and whose positions are lost."""
    side = PopSide()
    side.topic("T", 2)
    side.send(*[b"x"] * 5)
    side.pop()
    side.now_ms += 60_000
    side.send(*[b"y"] * 3)
    side.pop()
    side.store.append(batch_of([Told(topic=REVIVE_TOPIC, tag="ck", body=b"no")]))
    side.offsets.commit("G", "T", 0, 5)  # what was written in the meantime
    return side


def catch_up(side: PopSide, since_ms: int | None, **more: Any) -> None:
    arguments: dict[str, Any] = {
        "clock": side.clock,
        "store": side.store,
        "offsets": side.offsets,
        "places": [(REVIVE_TOPIC, queue_id) for queue_id in range(2)],
        "since_ms": since_ms,
        "is_wanted": lambda topic, group: (topic, group) == ("T", "G"),
    }
    service = PopCatchUp(**arguments | more)
    service.startService()
    done: list[None] = []
    if service.ready is None:
        return
    service.ready.addCallback(done.append)
    for _ in range(9):
        side.turn()
    assert done == [None]


def test_a_group_goes_on_behind_its_newest_checkpoint() -> None:
    side = crashed()
    catch_up(side, side.now_ms - 500)
    assert side.offsets.query("G", "T", 0) == 8
    assert side.pop() == []
    side.revive.startService()
    side.pass_time(15)
    assert len(side.pop()) == 8  # nothing is lost by that


def test_only_what_came_after_the_positions_counts() -> None:
    side = crashed()
    catch_up(side, side.now_ms + MARGIN_MS + 1)
    assert side.offsets.query("G", "T", 0) == 5
    catch_up(side, None)
    assert side.offsets.query("G", "T", 0) == 5


def test_what_was_popped_while_positions_were_written_counts() -> None:
    side = crashed()
    catch_up(side, side.now_ms + MARGIN_MS)
    assert side.offsets.query("G", "T", 0) == 8


def test_a_group_whose_position_was_never_written() -> None:
    side = crashed()
    side.offsets.remove_group("G")
    catch_up(side, side.now_ms - 500)
    assert side.offsets.query("G", "T", 0) == 8


def test_a_group_that_was_moved_back_stays_there() -> None:
    side = crashed()
    side.offsets.commit("G", "T", 0, 4)
    catch_up(side, side.now_ms - 500)
    assert side.offsets.query("G", "T", 0) == 4
    catch_up(side, 0)  # from where it is, one after the other
    assert side.offsets.query("G", "T", 0) == 8


def test_nobody_goes_back_or_beyond_the_end() -> None:
    side = crashed()
    side.offsets.commit("G", "T", 0, 77)
    catch_up(side, 0)
    assert side.offsets.query("G", "T", 0) == 77
    side.offsets.commit("G", "T", 0, 0)
    side.store.delete_topic("T")
    catch_up(side, 0)
    assert side.offsets.query("G", "T", 0) == 0


@pytest.mark.parametrize("pair", [("T", "other"), ("other", "G")])
def test_what_is_gone_stays_gone(pair: tuple[str, str]) -> None:
    side = crashed()
    catch_up(side, 0, is_wanted=lambda *asked: asked == pair)
    assert side.offsets.query("G", "T", 0) == 5


def test_damage_costs_no_more_than_messages_given_again(monkeypatch: Any) -> None:
    side = crashed()

    def torn(*_: object) -> None:
        raise RecordError("torn")

    monkeypatch.setattr(side.store, "read_queue", torn)
    catch_up(side, 0)
    assert side.offsets.query("G", "T", 0) == 5
