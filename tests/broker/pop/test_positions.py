from pop_side import PopSide

from twistedmq.broker.pop.positions import Place

PLACE: Place = ("T", "G", 0)


def side_with(count: int = 5) -> PopSide:
    side = PopSide()
    side.topic("T", 1)
    side.send(*[b"x"] * count)
    return side


def test_a_pop_moves_on_at_once_and_commits_later() -> None:
    side = side_with()
    positions = side.positions
    assert positions.find(PLACE, 0) == 0
    first = positions.move(PLACE, 2)
    second = positions.move(PLACE, 3)
    assert positions.find(PLACE, 0) == positions.peek(PLACE) == 3
    assert side.offsets.query("G", "T", 0) == 0
    positions.commit([first, second])
    assert side.offsets.query("G", "T", 0) == positions.find(PLACE, 0) == 3


def test_what_is_taken_back_is_popped_again() -> None:
    side = side_with()
    positions = side.positions
    positions.find(PLACE, 0)
    lost, written = positions.move(PLACE, 2), positions.move(PLACE, 3)
    positions.take_back([lost])
    positions.commit([written])  # not behind what was lost
    assert side.offsets.query("G", "T", 0) == positions.find(PLACE, 0) == 0


def test_an_operator_goes_first() -> None:
    side = side_with()
    side.positions.find(PLACE, 0)
    move = side.positions.move(PLACE, 4)
    side.orders.given(PLACE, [3], 1, 500, None)
    side.offsets.reset("G", "T", 0, 1)
    assert side.positions.find(PLACE, 0) == 1
    side.positions.commit([move])
    assert side.positions.find(PLACE, 0) == 1
    assert side.orders.free_at_ms(PLACE) is None


def test_where_the_queue_has_nothing_the_group_is_put_elsewhere() -> None:
    side = side_with()
    side.positions.correct(PLACE, 3)
    assert side.positions.find(PLACE, 0) == 3


def test_a_look_changes_nothing() -> None:
    side = side_with()
    assert side.positions.peek(PLACE) == 0
    assert side.offsets.query("G", "T", 0) == -1


def test_where_a_new_group_begins() -> None:
    side = side_with()
    assert side.positions.find(PLACE, 1) == 0  # the queue is young
    side.config.set(type(side.config.value)(init_by_young_queue=False))
    assert side.positions.find(("T", "H", 0), 1) == 4
    assert side.positions.find(("none", "H", 0), 1) == 0
    side.send(b"x", topic="%RETRY%H_T")
    assert side.positions.find(("%RETRY%H_T", "H", 0), 1) == 0
