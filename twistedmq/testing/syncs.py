"""Syncs of files in memory; provides ``twistedmq.store.files_layer.FileSyncs``."""

from typing import Any

from twisted.internet.defer import Deferred

from twistedmq.store.workers import Workers


class SyncsBy:
    """Has workers sync a file, so that a test says when."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    def sync(self, file: Any) -> Deferred[None]:
        """Sync *file*."""
        return self._workers.run(file.sync)

    def stop(self) -> None:
        """Leave the workers to the test."""
