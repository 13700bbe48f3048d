"""How replication stands, of a broker that has no slaves and no master but itself.

Source: AdminBrokerProcessor.getBrokerHaStatus, DefaultHAService.getRuntimeInfo.
"""

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import HARuntimeInfo
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.interfaces import IMessageStore


class ReplicationHandlers:
    """Serves questions about replication.

    Args:
        store: how far the log reaches.
    """

    def __init__(self, store: IMessageStore) -> None:
        self._store = store

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {RequestCode.GET_BROKER_HA_STATUS: self.status}

    def status(self, _request: Request) -> Reply:
        """Answer as a master without slaves."""
        end: int = self._store.status()["max_offset"]
        body = HARuntimeInfo(master=True, master_commit_log_max_offset=end)
        return Reply(body=loose_json.encode(body))
