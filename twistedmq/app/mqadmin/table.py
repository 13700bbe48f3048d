"""Which verbs there are, in which file each is, and which are not there."""

from collections.abc import Iterator
from importlib import import_module

from twistedmq.app.mqadmin.verbs import Verb

FAMILIES = {
    "clusters": "clusterList clusterRT",
    "topics": "topicList topicRoute topicClusterList topicStatus allocateMQ",
    "topic_changes": "updateTopic updateTopicList updateTopicPerm deleteTopic "
    "updateOrderConf",
    "brokers": "brokerStatus getBrokerConfig updateBrokerConfig "
    "setCommitLogReadAheadMode switchTimerEngine exportPopRecord haStatus "
    "resetMasterFlushOffset",
    "cleaning": "cleanExpiredCQ cleanUnusedTopic deleteExpiredCommitLog",
    "cold_data": "getColdDataFlowCtrInfo updateColdDataFlowCtrGroupConfig "
    "removeColdDataFlowCtrGroupConfig",
    "namesrv": "getNamesrvConfig updateNamesrvConfig updateKvConfig deleteKvConfig "
    "wipeWritePerm addWritePerm",
    "statistics": "statsAll",
    "queues": "queryCq",
    "groups": "deleteSubGroup getConsumerConfig setConsumeMode updateSubGroup "
    "updateSubGroupList",
    "monitor": "startMonitoring",
    "consumers": "brokerConsumeStats consumerConnection consumerProgress "
    "consumerStatus",
    "producers": "producer producerConnection",
    "offsets": "cloneGroupOffset resetOffsetByTime skipAccumulatedMessage",
    "messages": "queryMsgById queryMsgByKey queryMsgByOffset queryMsgByUniqueKey",
    "traces": "queryMsgTraceById",
    "reading": "consumeMessage printMsg printMsgByQueue",
    "sending": "checkMsgSendRT sendMessage sendMsgStatus",
    "rocksdb": "checkRocksdbCqWriteProgress rocksDBConfigToJson",
    "exports": "exportConfigs exportMetadata exportMetrics",
}
"""The verbs by file of this folder."""

NOT_THERE = {
    "addBroker removeBroker": "it is for a container of brokers",
    "electMaster getBrokerEpoch getSyncStateSet cleanBrokerMetadata "
    "getControllerConfig getControllerMetaData updateControllerConfig": (
        "it is for clusters with a controller"
    ),
    "getUser listUser createUser updateUser deleteUser copyUser "
    "getAcl listAcl createAcl updateAcl deleteAcl copyAcl": "it is for access control",
    "exportMetadataInRocksDB": "it reads files of RocksDB",
    "dumpCompactionLog": "it reads the files of compacted topics",
    "updateStaticTopic remappingStaticTopic": "it is for static topics",
}
"""Verbs of the genuine tool that are missing, and why."""


def find(name: str) -> Verb | None:
    """Give the verb of that name, in capitals or not."""
    wanted = name.lower()
    for family, names in FAMILIES.items():
        if wanted in names.lower().split():
            return next(v for v in _family(family) if v.name.lower() == wanted)
    return None


def why_not(name: str) -> str | None:
    """Say why the verb of that name is missing; None: the genuine tool has none."""
    for names, reason in NOT_THERE.items():
        if name.lower() in names.lower().split():
            return reason
    return None


def every() -> Iterator[Verb]:
    """Give all verbs. This imports all families."""
    for family in FAMILIES:
        yield from _family(family)


def _family(name: str) -> list[Verb]:
    verbs: list[Verb] = import_module(f"{__package__}.{name}").VERBS
    return verbs
