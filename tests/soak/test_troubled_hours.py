"""Hours of trouble on the virtual clock: clients recover, nothing is lost or grows."""

from datetime import UTC, datetime

import pytest
from troubled_times import TOPIC, Story, TroubledTimes

from twistedmq.testing.cluster import Cluster

pytestmark = pytest.mark.soak

MINUTES = 60
MOST_AGAIN = 0.25
"""Of all messages, those consumed more than once: brokers are killed all the time."""


def hour(seed: int, *, orderly: bool) -> Story:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with Cluster(brokers=2, topics=[TOPIC], store="file", start=start) as cluster:
        times = TroubledTimes(cluster, seed, rate=5, orderly=orderly)
        return times.run(MINUTES)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("orderly", [False, True], ids=["concurrent", "orderly"])
def test_an_hour(seed: int, orderly: bool) -> None:
    story = hour(seed, orderly=orderly)
    print(
        f"seed {seed}: {len(story.acked)} acknowledged, {story.failed} sends failed, "
        f"{story.again} consumed again, {story.out_of_order} out of order, "
        f"{dict(story.troubles)}, timers {story.timers[::6]}, "
        f"Deferreds {story.deferreds[::6]}"
    )
    assert len(story.acked) > MINUTES * 60
    assert story.lost == []
    assert not (orderly and story.out_of_order)
    assert story.again < MOST_AGAIN * len(story.acked)
    assert max(story.timers[-10:]) < 2 * max(story.timers[:10])
    assert max(story.deferreds[-10:]) < 2 * max(story.deferreds[:10])


def test_the_same_seed_is_the_same_hour() -> None:
    one, other = hour(1, orderly=False), hour(1, orderly=False)
    assert one.acked == other.acked
    assert one.consumed == other.consumed
    assert one.first_seen == other.first_seen
