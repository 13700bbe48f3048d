"""A disk whose power can fail: it remembers every write, size, name and sync, and gives
a fresh disk with what may be left at any moment of what it remembers.

What was synced is there. Of a file's later writes each sector holds what it held at
some moment since, no two sectors need agree on one, and the size is of a moment of its
own; or the writes came in order and the last one is torn. A name is there once its
folder was synced; later changes of a folder's names are lost from the last one back.

Provides ``twistedmq.store.files_layer.Files``. All in memory and never thrown away, so
give the store small files.
"""
# ruff: noqa: D102 (files_layer says it)

import errno
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from msgspec import Struct

from twistedmq.protocol.command import Buffer
from twistedmq.store.disk_use import DiskUse
from twistedmq.store.files_layer import write_all
from twistedmq.store.workers import Workers
from twistedmq.testing.disk_content import Change, Content, Left
from twistedmq.testing.syncs import SyncsBy


class _Naming(Struct, eq=False):
    """Names that appear, change hands, or (None) vanish in one step."""

    moment: int
    names: "list[tuple[_Folder, str, _Node | None]]"
    places: "dict[_Folder, int]"
    """Which of each folder's namings it is."""

    def apply(self) -> None:
        for folder, name, node in self.names:
            folder.name(name, node)
            if folder not in self.places:
                self.places[folder] = len(folder.namings)
                folder.namings.append(self)


class _Folder:
    """The names in one folder."""

    def __init__(self) -> None:
        self.names: dict[str, _Node] = {}
        self.namings: list[_Naming] = []
        self.syncs: list[tuple[int, int]] = [(-1, 0)]
        """Moment, and how many namings came before."""

    def name(self, name: str, node: "_Node | None") -> None:
        if node is None:
            self.names.pop(name, None)
        else:
            self.names[name] = node

    def sync(self, moment: int) -> None:
        self.syncs.append((moment, len(self.namings)))

    def known(self, moment: int, random: Random, strict: bool) -> int:
        """Say how many namings are left if the power fails before *moment*."""
        last = bisect_left(self.syncs, moment, key=lambda s: s[0]) - 1
        synced = self.syncs[max(last, 0)][1]
        made = bisect_left(self.namings, moment, key=lambda n: n.moment)
        return synced if strict else random.randint(synced, made)


_Node = _Folder | Content


class _SimulatedFile:
    def __init__(self, disk: "SimulatedDisk", content: Content) -> None:
        self._disk = disk
        self._content = content

    def write(self, data: Buffer | bytearray, offset: int) -> int:
        self._content.change(Change(self._disk.tick(), offset, bytes(data)))
        return len(data)

    def read(self, size: int, offset: int) -> Buffer:
        self._disk.bytes_read += size
        return bytes(self._content.data[offset : offset + size])

    def read_resident(self, size: int, offset: int) -> Buffer | None:
        return self.read(size, offset)

    def pieces_resident(
        self, starts: Sequence[int], ends: Sequence[int], base: int
    ) -> list[Buffer] | None:
        pairs = zip(starts, ends, strict=True)
        return [self.read(end - start, start - base) for start, end in pairs]

    def next_data(self, offset: int) -> int:
        rest = self._content.data[offset:]
        return self.size() - len(rest.lstrip(b"\0"))

    def read_ahead(self, wanted: bool) -> None:
        """Nothing is slow here."""

    def sync(self) -> None:
        self._content.sync(self._disk.tick())

    def resize(self, size: int) -> None:
        self._content.change(Change(self._disk.tick(), size))

    def size(self) -> int:
        return len(self._content.data)


_Names = list[tuple[_Folder, str, _Node | None]]


def _walk(path: Path, folder: _Folder) -> Iterator[Path]:
    for name, node in folder.names.items():
        if isinstance(node, _Folder):
            yield from _walk(path / name, node)
        else:
            yield path / name


class SimulatedDisk:
    """Files in memory, of which any moment can be had again as a crash leaves it."""

    def __init__(self) -> None:
        self.moment = 0
        """Counts everything that was changed or synced."""
        self.bytes_read = 0
        self.syncs_by: Workers | None = None
        """Who syncs single files when ``kernel_syncs`` is asked for; None: nobody."""
        self._boots = 0
        self._root = _Folder()
        self._locked: set[Path] = set()

    # What the store calls.

    def open(self, path: Path, *, create: bool = False) -> _SimulatedFile:
        node = self._find(path)
        if node is None:
            if not create:
                raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
            node = Content()
            self._name([(self._made(path.parent), path.name, node)])
        if isinstance(node, _Folder):
            raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
        return _SimulatedFile(self, node)

    def write_at(self, path: str, data: Buffer | bytearray, offset: int) -> None:
        write_all(self.open(Path(path)), data, offset)

    def list(self, path: Path) -> Sequence[str]:
        node = self._find(path)
        return sorted(node.names) if isinstance(node, _Folder) else []

    def size(self, path: Path) -> int | None:
        node = self._find(path)
        return len(node.data) if isinstance(node, Content) else None

    def modified_ns(self, path: Path) -> int:
        node = self._find(path)
        if not isinstance(node, Content):
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        return node.modified_ns

    def is_folder(self, path: Path) -> bool:
        return isinstance(self._find(path), _Folder)

    def make_folder(self, path: Path) -> None:
        self._made(path)

    def rename(self, source: Path, target: Path) -> None:
        node = self._find(source)
        if node is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(source))
        old, new = self._made(source.parent), self._made(target.parent)
        self._name([(new, target.name, node), (old, source.name, None)])

    def remove(self, path: Path) -> None:
        node = self._find(path)
        if isinstance(node, _Folder):
            for name in list(node.names):
                self.remove(path / name)
        if node is not None:
            self._name([(self._made(path.parent), path.name, None)])

    def whole_disk(self, path: Path) -> None:
        """There is none: each file is synced by itself."""

    def kernel_syncs(self, reactor: Any) -> SyncsBy | None:
        return None if self.syncs_by is None else SyncsBy(self.syncs_by)

    def sync_folder(self, path: Path) -> None:
        node = self._find(path)
        if not isinstance(node, _Folder):
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(path))
        node.sync(self.tick())

    def lock(self, path: Path) -> object:
        if path in self._locked:
            raise BlockingIOError(errno.EAGAIN, "locked", str(path))
        self._locked.add(path)
        return _Lock(self._locked, path)

    def disk_use(self, path: Path) -> DiskUse:
        return DiskUse(1 << 30, 9 << 30, 10 << 30)

    def boot_id(self) -> str:
        return f"boot {self._boots}"

    # What tests do.

    def kill_program(self) -> None:
        """Let go of the locks that an abandoned store holds; all bytes stay."""
        self._locked = set()

    def without_power(
        self,
        moment: int,
        random: Random,
        how: Left | None = None,
        strict_names: bool = False,
    ) -> "SimulatedDisk":
        """Give a disk with what is left if the power fails just before *moment*.

        *how* names what becomes of all files; without it, each file has a fate of its
        own. With *strict_names* no name is left that was not synced.
        """
        fresh = SimulatedDisk()
        fresh.moment = self.moment
        fresh._boots = self._boots + 1
        known: dict[_Folder, int] = {}
        copies: dict[_Node, _Node] = {}

        def is_known(naming: _Naming, folder: _Folder) -> bool:
            if folder not in known:
                known[folder] = folder.known(moment, random, strict_names)
            return naming.places[folder] < known[folder]

        def copy(node: _Node) -> _Node:
            if node in copies:
                return copies[node]
            if isinstance(node, Content):
                fate = how or random.choice(list(Left))
                made: _Node = node.left(moment, random, fate)
                copies[node] = made
                return made
            copies[node] = folder = _Folder()
            kept = [
                naming
                for naming in node.namings
                # A rename from folder to folder happens in both or in none.
                if any(is_known(naming, each) for each, _, _ in naming.names)
                and naming.moment < moment
            ]
            names: dict[str, _Node] = {}
            for naming in kept:
                for each, name, target in naming.names:
                    if each is node:
                        names.pop(name, None)
                        if target is not None:
                            names[name] = target
            for name, target in names.items():
                _Naming(-1, [(folder, name, copy(target))], {}).apply()
            folder.sync(-1)
            return folder

        root = copy(self._root)
        assert isinstance(root, _Folder)
        fresh._root = root
        return fresh

    def content(self, path: Path) -> bytearray:
        """Give the bytes of *path*, to look at or to spoil."""
        node = self._find(path)
        assert isinstance(node, Content), path
        return node.data

    def paths(self) -> Sequence[Path]:
        """Give the paths of all files."""
        return sorted(_walk(Path("/"), self._root))

    def tick(self) -> int:
        """Count one more moment; gives the one before."""
        self.moment += 1
        return self.moment - 1

    # Inside

    def _find(self, path: Path) -> _Node | None:
        node: _Node | None = self._root
        for part in path.parts[1:]:
            node = node.names.get(part) if isinstance(node, _Folder) else None
        return node

    def _made(self, path: Path) -> _Folder:
        folder = self._root
        for part in path.parts[1:]:
            inner = folder.names.get(part)
            if inner is None:
                inner = _Folder()
                self._name([(folder, part, inner)])
            if not isinstance(inner, _Folder):
                raise NotADirectoryError(errno.ENOTDIR, "is a file", str(path))
            folder = inner
        return folder

    def _name(self, names: _Names) -> None:
        _Naming(self.tick(), names, {}).apply()


class _Lock:
    def __init__(self, locked: set[Path], path: Path) -> None:
        self._locked = locked
        self._path = path

    def __del__(self) -> None:
        self._locked.discard(self._path)
