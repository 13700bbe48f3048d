"""Runs a block of the manual that makes the service of ``twist rmq``."""

from pathlib import Path
from typing import Any

from processes import free_ports


def embedded(block: str, folder: Path, names: dict[str, Any]) -> dict[str, Any]:
    """Run *block* on free ports, with files below *folder*; gives its names."""
    _, namesrv, port, http = free_ports(4)
    more = ["-n", f"127.0.0.1:{namesrv}"]
    for setting in (f"listenPort={port}", f"nsaddrPort={http}"):
        more += ["--set", setting]
    here = block.replace(
        '["--data", "/var/lib/mine"', f'[*{more}, "--data", "{folder}"'
    )
    assert str(folder) in here
    exec(here, names)
    return names
