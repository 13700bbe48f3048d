"""Administering a cluster from asyncio."""

from typing import Any

from twistedmq.admin.client import Admin as Core
from twistedmq.aio.admin_parts import AdminParts
from twistedmq.aio.face import Face, signature_of


class Admin(Face[Core], AdminParts):
    """Administers a cluster.

    ::

        async with Admin("127.0.0.1:9876") as admin:
            await admin.topics.create("orders", queues=8)

    Arguments, attributes and errors are those of the core's ``Admin``.
    """

    @signature_of(Core)
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Face.__init__(self, Core, args, kwargs)
        AdminParts.__init__(self, self._core)
        self.wall_ms = self._core.wall_ms
