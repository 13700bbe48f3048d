"""What is said when everything listens: where, and what to try next."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from twistedmq import __version__
from twistedmq.store.interfaces import Durability

SURVIVES = {
    Durability.MEMORY: "in memory: it survives nothing",
    Durability.PAGE_CACHE: "written to the file: it survives a crash of this process",
    Durability.DISK: "synced to the disk: it survives a loss of power",
    Durability.REPLICATED: "on enough replicas: it survives the loss of this machine",
}


def banner(
    what: str, lines: Sequence[tuple[str, str]], hints: Sequence[str] = ()
) -> str:
    """Lay out the banner: a headline, where everything is, a line to paste."""
    width = max((len(name) for name, _ in lines), default=0)
    rows = [f"  {name:<{width}}  {value}" for name, value in lines]
    head = f"TwistedMQ {__version__}: the {what} boot success"
    tail = ["Try it from another terminal:", *(f"  {hint}" for hint in hints)]
    return "\n".join([head, *rows, *(tail if hints else [])]) + "\n"


def hints(name_server: str) -> list[str]:
    """Give lines to paste that send a message and show it."""
    rmq = _command()
    where = "" if name_server == "127.0.0.1:9876" else f" -n {name_server}"
    return [
        f"{rmq} send orders 'hello' --tag new{where}",
        f"{rmq} tail orders{where}",
    ]


def _command() -> str:
    """Give how ``rmq`` is called from here."""
    if shutil.which("rmq"):
        return "rmq"
    beside = Path(sys.executable).parent / "rmq"
    try:
        return str(beside.relative_to(Path.cwd()))
    except ValueError:
        return str(beside)


def open_to_all(host: str) -> bool:
    """Whether a listening address can be reached from other machines."""
    return host not in {"127.0.0.1", "::1", "localhost"}
