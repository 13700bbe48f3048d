"""What an acknowledged message survives."""

from enum import Enum


class Durability(Enum):
    """What an acknowledged message survives."""

    # That of enum is written in Python; this one is asked for with each answer.
    __hash__ = object.__hash__

    MEMORY = "memory"
    PAGE_CACHE = "page-cache"
    DISK = "disk"
    REPLICATED = "replicated"
