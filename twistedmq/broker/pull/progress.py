"""Where a pull begins if not where it asks to, and what it tells of its group."""

from twistedmq.broker.broadcast.offsets import BroadcastOffsets
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.protocol.headers import PullMessageRequestHeader
from twistedmq.protocol.system_flags import PULL_COMMIT_OFFSET


class Progress:
    """The offsets of groups that share, and of the members of those that broadcast."""

    def __init__(self, offsets: OffsetTable, broadcast: BroadcastOffsets) -> None:
        """Keep both."""
        self._offsets = offsets
        self._broadcast = broadcast
        self.member_of = broadcast.member_of
        """Gives the member that a pull is of; None if its group does not broadcast."""

    def start(self, member: str | None, header: PullMessageRequestHeader) -> int | None:
        """Give where a pull begins instead of where it asks to; None: where it asks.

        An operator's reset counts once.
        """
        reset = self._offsets.take_reset(
            header.consumer_group, header.topic, header.queue_id
        )
        if reset is None and member is not None:
            return self._broadcast.start(member, header)
        return reset

    def note(
        self,
        member: str | None,
        header: PullMessageRequestHeader,
        next_offset: int,
        *,
        moved: bool,
        may_commit: bool,
    ) -> None:
        """Note a pull that goes on at *next_offset*, having been *moved* there or not.

        With *may_commit* what its client has consumed is committed, if it says so.
        """
        group, topic, queue_id = header.consumer_group, header.topic, header.queue_id
        self._offsets.commit_pull(group, topic, queue_id, next_offset)
        if may_commit and header.sys_flag & PULL_COMMIT_OFFSET:
            self._offsets.commit(group, topic, queue_id, header.commit_offset)
        if member is not None:
            offset = next_offset if moved else header.queue_offset
            self._broadcast.pulled(member, header, offset)
