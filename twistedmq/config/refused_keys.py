"""Broker keys of which only the default can be had, each with the reason.

Refused is what would be a broken promise if it were ignored: of safety, of secrecy, of
data being found. What merely makes no difference is accepted.
"""

from typing import Any, Final

from twistedmq.config.keys import Effect, Key
from twistedmq.config.values import BOOLEAN, LONG, TEXT, Kind, name_of

_NO_REPLICATION = "this release keeps no replicas"
_NO_ROCKSDB = "there is no RocksDB here"
_NO_ACCESS_CONTROL = "there is no access control yet, the broker would be open to all"
_NO_CONTAINER = "run one process for each broker"


def _refused(name: str, kind: Kind[Any], default: Any, reason: str) -> Key:
    return Key(
        name,
        kind,
        effect=Effect.REFUSED,
        default=default,
        reason=reason,
        at_restart=True,
    )


REFUSED_KEYS: Final = (
    _refused(
        "brokerRole",
        name_of("ASYNC_MASTER", "SYNC_MASTER", "SLAVE"),
        "ASYNC_MASTER",
        _NO_REPLICATION,
    ),
    _refused(
        "brokerId", LONG, 0, "only slaves have another id, and " + _NO_REPLICATION
    ),
    _refused("enableSlaveActingMaster", BOOLEAN, False, _NO_REPLICATION),
    _refused("enableRemoteEscape", BOOLEAN, False, _NO_REPLICATION),
    _refused("duplicationEnable", BOOLEAN, False, _NO_REPLICATION),
    _refused("enableControllerMode", BOOLEAN, False, _NO_REPLICATION),
    _refused("enableDLegerCommitLog", BOOLEAN, False, "there is no DLedger log here"),
    _refused("inBrokerContainer", BOOLEAN, False, _NO_CONTAINER),
    _refused("brokerConfigPaths", TEXT, "", _NO_CONTAINER),
    _refused("aclEnable", BOOLEAN, False, _NO_ACCESS_CONTROL),
    _refused("authenticationEnabled", BOOLEAN, False, _NO_ACCESS_CONTROL),
    _refused("authorizationEnabled", BOOLEAN, False, _NO_ACCESS_CONTROL),
    _refused("migrateAuthFromV1Enabled", BOOLEAN, False, _NO_ACCESS_CONTROL),
    _refused(
        "storeType",
        name_of("default", "defaultRocksDB", "combined"),
        "default",
        _NO_ROCKSDB,
    ),
    _refused("rocksdbCQDoubleWriteEnable", BOOLEAN, False, _NO_ROCKSDB),
    _refused("timerRocksDBEnable", BOOLEAN, False, _NO_ROCKSDB),
    _refused("transRocksDBEnable", BOOLEAN, False, _NO_ROCKSDB),
    _refused("indexRocksDBEnable", BOOLEAN, False, _NO_ROCKSDB),
    _refused("popConsumerKVServiceInit", BOOLEAN, False, _NO_ROCKSDB),
    _refused("popConsumerKVServiceEnable", BOOLEAN, False, _NO_ROCKSDB),
    _refused("useSingleRocksDBForAllConfigs", BOOLEAN, False, _NO_ROCKSDB),
    _refused("configManagerVersion", name_of("v1", "v2"), "v1", _NO_ROCKSDB),
    _refused(
        "messageStorePlugIn",
        TEXT,
        "",
        "Java classes cannot be loaded; a store is chosen with --store",
    ),
    _refused(
        "socksProxyConfig",
        TEXT,
        "{}",
        "connections would go round the proxy",
    ),
    _refused(
        "useTLS",
        BOOLEAN,
        False,
        "the broker's own connections do not use TLS yet",
    ),
)
