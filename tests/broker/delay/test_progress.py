from twistedmq.broker.delay.progress import DelayProgress
from twistedmq.config.delay import DelayConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import DataVersion


def test_offsets_and_what_changed() -> None:
    progress = DelayProgress(Live(DelayConfig()), lambda: 7)
    progress.load({3: 10}, DataVersion(counter=4, timestamp=1))
    assert (progress.offset(3), progress.offset(9)) == (10, 0)
    assert progress.take_changed() == set()
    progress.advance(3, 11)
    progress.advance(3, 11)
    progress.advance(9, 1)
    assert progress.offsets() == {3: 11, 9: 1}
    assert progress.take_changed() == {3, 9}
    assert progress.take_changed() == set()
    assert progress.data_version == DataVersion(counter=4, timestamp=1)


def test_the_version_rises_every_so_many_steps() -> None:
    progress = DelayProgress(Live(DelayConfig(version_step=3)), lambda: 7)
    for offset in range(1, 7):
        progress.advance(1, offset)
    assert progress.data_version == DataVersion(counter=2, timestamp=7)
