from pathlib import Path
from typing import Any

from twisted.internet.task import Clock

from twistedmq.broker.pop.order import OrderTable
from twistedmq.broker.pop.order_file import OrderFile
from twistedmq.config.broker import OffsetConfig
from twistedmq.config.live import Live
from twistedmq.store.json_file import AtomicJsonFile
from twistedmq.testing.fake_files import FakeFiles

PATH = Path("/data/config/consumerOrderInfo.json")


class Kept:
    def __init__(self, files: FakeFiles | None = None) -> None:
        self.files = files or FakeFiles()
        if files is None:
            self.files.make_folder(PATH.parent)
        self.clock = Clock()
        self.cleaned = 0
        self.table = OrderTable(lambda: 0)
        self.file = OrderFile(
            self.clock,
            AtomicJsonFile(self.files, PATH),
            self.table,
            self.clean,
            Live(OffsetConfig()),
        )
        self.file.load()

    def clean(self) -> None:
        self.cleaned += 1


def test_what_changed_is_written_now_and_then_and_at_the_end() -> None:
    kept = Kept()
    kept.file.startService()
    kept.table.given(("T", "G", 0), [7, 9], 17, 500, "try")
    kept.clock.pump([5, 0])
    assert kept.cleaned == 1
    again = Kept(kept.files)
    assert again.table.entry("T@G") == kept.table.entry("T@G") is not None
    kept.table.given(("U", "G", 1), [7], 17, 500, None)
    done: list[Any] = []
    kept.file.stopService().addCallback(done.append)
    kept.clock.advance(0)
    assert done == [None]
    assert set(Kept(kept.files).table.names()) == {"T@G", "U@G"}
    assert not kept.clock.getDelayedCalls()


def test_an_end_without_changes_writes_nothing() -> None:
    kept = Kept()
    kept.file.startService()
    done: list[Any] = []
    kept.file.stopService().addCallback(done.append)
    assert done == [None]
    assert list(Kept(kept.files).table.names()) == []
