from typing import Any

from twistedmq.testing.workers import HeldWorkers, InlineWorkers


def test_inline_workers_have_done_it_already() -> None:
    results: list[Any] = []
    workers = InlineWorkers()
    workers.run(max, 1, 2).addCallback(results.append)
    workers.run(int, "x").addErrback(lambda f: results.append(f.type))
    workers.stop()
    assert results == [2, ValueError]


def test_held_workers_wait_for_the_test() -> None:
    results: list[int] = []
    workers = HeldWorkers()
    for n in range(3):
        workers.run(abs, -n).addCallback(results.append)
    assert (workers.waiting, results) == (3, [])
    workers.go_on()
    assert results == [0]
    workers.stop()
    assert (workers.waiting, results) == (0, [0, 1, 2])
