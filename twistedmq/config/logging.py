"""Where log lines go."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class LogLevel(Enum):
    """The least serious line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    CRITICAL = "critical"


@dataclass(frozen=True)
class LoggingConfig:
    """Text lines, to standard output or to a file that is rotated by size."""

    level: LogLevel = LogLevel.INFO
    file: Path | None = None
    """None: standard output."""
    rotate_bytes: int = 64 * 1024 * 1024
    keep_files: int = 10
    """Rotated files that are kept beside the current one."""
