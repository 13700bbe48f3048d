"""Which scenarios of the Java client are run against ours, over which store."""

import shutil
from pathlib import Path

import peer
from processes import OurBroker

NAMES = """
send-sync send-async send-oneway send-batch send-auto-batch
send-compressed-zlib send-compressed-lz4 send-compressed-zstd
send-queue-selector-ordered send-to-queue send-auto-create-topic send-size-limit
send-refused inner-batch-queue lmq-multi-dispatch
consume-concurrently consume-in-batches consume-rebalance consume-orderly
consume-broadcasting consume-tag-filter consume-long-poll consume-resume-after-restart
consume-from-where-young-topic
consume-retry-then-dlq consume-orderly-suspend delay-level
timer-message recall-message
transaction-commit transaction-rollback transaction-checkback
pull-consumer pull-block-until-found pull-async
pull-filtered consume-sql92
lite-pull-assign lite-pull-subscribe lite-pull-seek lite-pull-pause
query-by-key query-by-id query-by-unique-key view-message search-offset-by-time
message-track clone-group-offset consumers-of-topic
consumer-running-info consume-message-directly
pop-consumer pop-retry
request-reply request-reply-async request-timeout
namespace namespace-v2 message-trace
query-consume-queue offset-reset-by-time offset-reset-offline offset-update
consumer-connection producer-connection consume-stats
broker-runtime-stats broker-stats-data broker-config-update clean-up-commands ha-status
topic-route topic-create-delete topic-update topic-stats topic-order-conf
group-create-delete group-consume-disabled
kv-config cluster-info namesrv-config-update wipe-write-perm
header-binary tls
"""
SCENARIOS = NAMES.split()

WITHOUT_MESSAGES = [
    *("header-binary", "tls", "kv-config", "cluster-info", "topic-route"),
    *("topic-update", "topic-order-conf", "group-create-delete", "wipe-write-perm"),
    *("consumer-connection", "producer-connection", "ha-status"),
    *("broker-config-update", "namesrv-config-update"),
]
"""What no store has a part in, or nothing that another scenario does not ask of it."""

NOT_OVER: dict[str, dict[str, str]] = {
    "sqlite": {
        "inner-batch-queue": "it keeps plain queues only (no IQueueKinds)",
        "lmq-multi-dispatch": "it keeps plain queues only (no IQueueKinds)",
    },
}
"""Scenarios that a store has no part in, and why."""


def failures(names: list[str], namesrv: str) -> list[str]:
    """Run scenarios; gives a line for each that did not pass."""
    lines: list[str] = []
    passed, failed = peer.scenarios(
        namesrv, only=",".join(names), jobs=4, on_line=lines.append
    )
    print("\n".join(lines))
    wrong = [line for line in lines if not line.startswith("ok ")]
    if (passed, failed) != (len(names), 0):
        wrong.append(f"{passed} of {len(names)} passed")
    return wrong


def failures_over(store: str, names: list[str], folder: Path) -> list[str]:
    """Run scenarios against a broker of its own, with *store*."""
    config = folder / "broker.conf"  # changes are kept there
    shutil.copy(peer.HERE / "scenario.conf", config)
    wanted = [name for name in names if name not in NOT_OVER.get(store, {})]
    with OurBroker(folder / "data", config=config, store=store) as broker:
        return failures(wanted, broker.namesrv)
