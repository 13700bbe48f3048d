from twistedmq.testing.syncs import SyncsBy
from twistedmq.testing.workers import HeldWorkers


class File:
    syncs = 0

    def sync(self) -> None:
        self.syncs += 1


def test_the_test_says_when_a_file_is_synced() -> None:
    file, workers, fired = File(), HeldWorkers(), list[None]()
    syncs = SyncsBy(workers)
    syncs.sync(file).addCallback(fired.append)
    syncs.stop()
    assert (file.syncs, fired) == (0, [])
    workers.go_on()
    assert (file.syncs, fired) == (1, [None])
