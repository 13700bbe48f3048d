"""What a server uses of its machine beside the reactor; tests put their own there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from twistedmq.app.stores import wall_ms
from twistedmq.remoting.listening import Listen, listen
from twistedmq.store.files_layer import Files, RealFiles
from twistedmq.store.workers import ThreadWorkers, Workers


@dataclass(frozen=True)
class Machine:
    """Clock, disk, threads, ports and chance; the real ones unless told otherwise."""

    wall_ms: Callable[[], int] = wall_ms
    files: Files = field(default_factory=RealFiles)
    workers: Callable[[Any, int, str], Workers] = ThreadWorkers
    """Makes threads of a reactor, their number and a name for them."""
    listen: Listen = listen
    random: Callable[[], Random] = Random
    """Makes a source of chance, one for each part."""
