import json

from read_side import ReadSide

from twistedmq.broker.admin.replication import ReplicationHandlers
from twistedmq.protocol.codes import RequestCode
from twistedmq.testing.batches import Told


def test_a_lone_master_says_so() -> None:
    side = ReadSide()
    side.handlers |= ReplicationHandlers(side.store).table()
    side.append(Told(topic="T"))
    body = side.ask(RequestCode.GET_BROKER_HA_STATUS).body
    assert isinstance(body, bytes)
    assert json.loads(body) == {
        "haClientRuntimeInfo": {
            "lastReadTimestamp": 0,
            "lastWriteTimestamp": 0,
            "masterFlushOffset": 0,
            "maxOffset": 0,
            "transferredByteInSecond": 0,
        },
        "haConnectionInfo": [],
        "inSyncSlaveNums": 0,
        "master": True,
        "masterCommitLogMaxOffset": side.store.status()["max_offset"],
    }
