"""A broker's side for notifications, beside what popping needs."""

from typing import Any

from pop_side import PopSide

from twistedmq.broker.notification.handlers import NotificationHandlers
from twistedmq.broker.notification.poppable import Poppable
from twistedmq.broker.pop.held import HeldPop, HeldPops
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import (
    NotificationRequestHeader,
    PollingInfoRequestHeader,
)
from twistedmq.testing.batches import Told
from twistedmq.testing.connections import FakeConnection


class NotificationSide(PopSide):
    """With notifications for group G on topic T."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.notices = HeldPops(self.clock, self.wheel, self.store, self.config)
        self.handlers |= NotificationHandlers(
            checks=self.checks,
            poppable=Poppable(
                self.store, self.topics, self.positions, self.orders, self.config
            ),
            held=self.notices,
            pops=self.held_pops,
            wall_ms=self.wall_ms,
        ).table()

    def ask_for(
        self, *, connection: FakeConnection | None = None, **fields: Any
    ) -> list[Reply]:
        """Ask for a notification; the answer appears in the list."""
        values: dict[str, Any] = {
            "consumer_group": "G",
            "topic": "T",
            "queue_id": -1,
            "poll_time": 10_000,
            "born_time": self.now_ms,
        }
        header = NotificationRequestHeader(**values | fields)
        return self.begin(RequestCode.NOTIFICATION, header, connection=connection)

    def polling_info(self, **fields: Any) -> list[Reply]:
        values: dict[str, Any] = {"consumer_group": "G", "topic": "T", "queue_id": -1}
        header = PollingInfoRequestHeader(**values | fields)
        return self.begin(RequestCode.POLLING_INFO, header)

    def put(self, *bodies: bytes, topic: str = "T", queue_id: int = 0) -> None:
        """Store messages as one batch."""
        wanted = bodies or (b"x",)
        self.append(*(Told(topic=topic, queue_id=queue_id, body=b) for b in wanted))

    def hold_pop(self, queue_id: int) -> None:
        pop = HeldPop("T", "G", queue_id, FakeConnection(), lambda: None)
        assert self.held_pops.hold(pop, 10)
