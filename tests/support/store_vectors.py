"""The stores that a genuine broker wrote, unpacked for one test."""

import json
import tarfile
from pathlib import Path
from typing import Any

STORES = Path(__file__).parent.parent / "vectors" / "store"


def unpack(name: str, directory: Path) -> tuple[Path, dict[str, Any]]:
    """Give the root of store *name*, unpacked into *directory*, and its manifest."""
    # Before 3.11.4 there was no filter to ask for; after 3.12 one must be asked for.
    chosen: dict[str, Any] = (
        {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    )
    with tarfile.open(STORES / f"{name}.tar.gz") as tar:
        tar.extractall(directory, **chosen)
    manifest = json.loads((STORES / f"{name}.json").read_text("utf-8"))
    return directory / "store", manifest
