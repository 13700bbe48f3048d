"""Mending a store from its own log: a plan first, then the plan carried out.

Nothing is changed in place. New files are written and synced in a folder of their own,
then the old ones are moved aside and the new ones put where they were, by renaming.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.vouch import vouch_files
from twistedmq.store.files_layer import Files, write_all
from twistedmq.store.log_scan import TagsCodes
from twistedmq.store.offline.directory import StoreDirectory
from twistedmq.store.offline.rebuilding import IndexMaker, QueueMaker
from twistedmq.store.offline.verification import DEFAULT_DELAY_LEVELS, Verification
from twistedmq.store.offline.walking import Damage, Records, walk

_COPY_BYTES: Final = 4 * 1024 * 1024
_NEW: Final = "new"
CUT: Final = "cut"
REBUILD_QUEUE: Final = "rebuild-queue"
REBUILD_INDEX: Final = "rebuild-index"
SET_ASIDE: Final = "set-aside"
LEAVE: Final = "leave"


class Repair(Struct):
    """One thing to be done, or that cannot be."""

    action: str
    """cut, rebuild-queue, rebuild-index, set-aside, leave."""
    where: str
    what: str
    is_done: bool = False


class Plan(Struct):
    """What a verification leads to."""

    cut_at: int | None
    torn_end: int
    queues: list[tuple[str, int]]
    index: bool
    steps: list[Repair]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.cut_at is None and not self.queues and not self.index


def make_plan(done: Verification) -> Plan:
    """Say what would mend what *done*, which has run, has found."""
    directory, end = done.directory, done.log_end
    steps: list[Repair] = []
    cut_at, torn_end = None, 0
    segment = done.log.segment_at(end.offset) if end is not None else None
    if end is not None and segment is not None:
        torn = end.torn_end > end.offset
        if torn or segment.size != directory.segment_bytes:
            cut_at, torn_end = end.offset, end.torn_end
            what = f"cut {torn_end - cut_at} bytes off the end, from {cut_at} on"
            if not torn:
                what = f"give it {directory.segment_bytes} bytes"
            steps.append(Repair(CUT, str(segment.path), what))
    queues = sorted(done.queues.faulty)
    for topic, queue_id in queues:
        what = "make its entries anew from the log"
        steps.append(Repair(REBUILD_QUEUE, f"{topic}/{queue_id}", what))
    index = done.index_faults > 0 and done.slots is not None
    if index:
        what = f"make {len(directory.index_files)} files anew from the log"
        steps.append(Repair(REBUILD_INDEX, str(directory.paths.index), what))
    elif done.index_faults:
        what = "how many slots its files have is not known"
        steps.append(Repair(LEAVE, str(directory.paths.index), what))
    plan = Plan(cut_at, torn_end, queues, index, steps)
    if not plan.is_empty:
        what = "move it away, so that recovery looks for itself at the next start"
        steps[:0] = [
            Repair(SET_ASIDE, str(path), what)
            for path in vouch_files(directory.paths)
            if directory.files.size(path) is not None
        ]
    for start, stop in done.damages + done.queues.misnumbered:
        what = f"{stop - start} bytes from {start} on stay as they are"
        steps.append(Repair(LEAVE, "commit log", what))
    return plan


class Repairer:
    """Carries a plan out."""

    def __init__(
        self,
        directory: StoreDirectory,
        files: Files,
        aside_name: str,
        delay_levels: str = DEFAULT_DELAY_LEVELS,
    ) -> None:
        """*files* may write; *aside_name* names the folder for what is replaced."""
        self._directory = directory
        self._files = files
        self._aside = directory.root / aside_name
        self._new = self._aside / _NEW
        self._delay_levels = delay_levels
        self._folders: dict[Path, None] = {self._aside: None}

    def take_lock(self) -> object:
        """Lock the store until the result is let go.

        Raises:
            StoreOpenError: a broker holds it.
        """
        path = self._directory.paths.lock
        try:
            return self._files.lock(path)
        except BlockingIOError as error:
            raise StoreOpenError(
                self._directory.root, f"a broker uses it ({path} is locked)"
            ) from error

    def carry_out(self, done: Verification, plan: Plan) -> Iterator[Repair]:
        """Do what *plan* says, which was made of *done*; gives each step when done.

        Until the first is given, nothing but new files has been written.
        """
        if plan.is_empty:
            return
        copied = self._copy_without_tail(done, plan)
        queues = self._make(done, plan)
        for step in plan.steps:
            match step.action:
                case "set-aside":
                    self._set_aside(Path(step.where))
                case "cut" if copied is not None:
                    self._put_in_place(*copied, done, plan)
                case "rebuild-queue":
                    old, new = queues[step.where]
                    self._set_aside(old)
                    self._rename(new, old)
                case "rebuild-index":
                    index = self._directory.paths.index
                    self._set_aside(index)
                    self._rename(self._new / index.name, index)
                case _:
                    continue
            step.is_done = True
            yield step
        for folder in self._folders:
            self._files.remove(folder / _NEW)

    # New files

    def _copy_without_tail(
        self, done: Verification, plan: Plan
    ) -> tuple[Path, Path] | None:
        """Copy the segment that is torn, zeros behind its last whole record."""
        cut_at = plan.cut_at
        segment = None if cut_at is None else done.log.segment_at(cut_at)
        if segment is None or cut_at is None:
            return None
        new = self._aside_for(segment.path) / _NEW / segment.path.name
        target = self._files.open(new, create=True)
        at = segment.base
        while at < cut_at:
            data = done.log.read(min(_COPY_BYTES, cut_at - at), at)
            if not data:
                break
            if data != bytes(len(data)):
                write_all(target, data, at - segment.base)
            at += len(data)
        target.resize(self._directory.segment_bytes)
        target.sync()
        self._files.sync_folder(new.parent)
        return segment.path, new

    def _put_in_place(
        self, old: Path, new: Path, done: Verification, plan: Plan
    ) -> None:
        """Keep what is cut off, then replace the segment in one step."""
        at = plan.cut_at or 0
        end = min(plan.torn_end, done.log.segment_end(at))
        if at < end:
            kept = self._aside_for(old) / f"{at:020d}.torn"
            file = self._files.open(kept, create=True)
            write_all(file, done.log.read(end - at, at), 0)
            file.sync()
            self._files.sync_folder(kept.parent)
        self._rename(new, old)
        for segment in done.log.segments:
            if end <= segment.base < plan.torn_end:
                self._set_aside(segment.path)

    def _make(self, done: Verification, plan: Plan) -> dict[str, tuple[Path, Path]]:
        """Make queues and index anew, in one walk; gives (old, new) for each queue."""
        end = done.summary.end
        makers = {
            key: QueueMaker(self._directory, self._files, self._new, key)
            for key in plan.queues
        }
        index = None
        if plan.index and done.slots is not None:
            index = IndexMaker(
                self._directory, self._files, self._new / "index", done.slots
            )
        if makers or index is not None:
            codes = TagsCodes(self._delay_levels)
            for step in walk(done.log):
                records = []
                if isinstance(step, Records):
                    records = step.records
                elif isinstance(step, Damage) and step.record is not None:
                    records = [step.record]
                for record in records:
                    if record.physical_offset >= end:
                        continue
                    QueueMaker.add_to(makers, record, codes)
                    if index is not None:
                        index.add(record)
        if index is not None:
            index.finish()
        return {
            f"{topic}/{queue_id}": maker.finish()
            for (topic, queue_id), maker in makers.items()
        }

    # Old files

    def _aside_for(self, path: Path) -> Path:
        """Give the folder for what takes the place of *path*: on the same disk."""
        root = self._directory.root
        folder = self._aside if root in path.parents else path.parent / self._aside.name
        self._folders[folder] = None
        return folder

    def _set_aside(self, old: Path) -> None:
        if not self._files.is_folder(old) and self._files.size(old) is None:
            return
        root = self._directory.root
        inside = old.relative_to(root) if root in old.parents else Path(old.name)
        self._rename(old, self._aside_for(old) / inside)
        self._files.sync_folder(old.parent)

    def _rename(self, source: Path, target: Path) -> None:
        if self._files.is_folder(source) or self._files.size(source) is not None:
            self._files.rename(source, target)
            self._files.sync_folder(target.parent)
