"""What a consumer says of itself, as the genuine tool writes it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import to_builtins

from twistedmq.admin.clients import is_pushed
from twistedmq.app.mqadmin.java_text import digits, queue_text
from twistedmq.app.mqadmin.output import java
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.running import (
    ConsumerRunningInfo,
    ConsumeStatus,
    PopProcessQueueInfo,
    ProcessQueueInfo,
)

START: Final = "PROP_CONSUMER_START_TIMESTAMP"
ORDERLY: Final = "PROP_CONSUMEORDERLY"
SETTLED_MS: Final = 2 * 60 * 1000
"""Before that, members may still be starting with something new."""
STUCK_MS: Final = 60 * 1000

_QUEUE_WIDE: Final = "%-64s  %-32s  %-4s  %-20s\n"
_QUEUE: Final = "%-32s  %-32s  %-4s  %-20s\n"
_DETAIL_WIDE: Final = "%-64s  %-32s  %-4s  %s\n"
_DETAIL: Final = "%-32s  %-32s  %-4s  %s\n"
_RATES: Final = "%-64s  %14s %14s %14s %14s %18s %25s\n"
_RATES_ROW: Final = "%-32s  %14.2f %14.2f %14.2f %14.2f %18.2f %25d\n"


def whole(info: ConsumerRunningInfo) -> str:
    """Write all of it."""
    return "".join(_parts(info))


def _parts(info: ConsumerRunningInfo) -> Iterator[str]:
    yield "#Consumer Properties#\n"
    for name, value in sorted(info.properties.items()):
        yield f"{name:40}: {value}\n"
    yield "\n\n#Consumer Subscription#\n"
    wanted = sorted(
        info.subscription_set, key=lambda each: (each.topic, each.sub_string)
    )
    for number, each in enumerate(wanted, 1):
        class_filter = java(each.class_filter_mode)
        yield (
            f"{number:03} Topic: {each.topic:40} ClassFilter: {class_filter:8} "
            f"SubExpression: {each.sub_string}\n"
        )
    yield "\n\n#Consumer Offset#\n"
    yield _QUEUE_WIDE % ("#Topic", "#Broker Name", "#QID", "#Consumer Offset")
    for queue, held in sorted(info.mq_table.items()):
        yield _QUEUE % (*_place(queue), held.commit_offset)
    yield "\n\n#Consumer MQ Detail#\n"
    yield _QUEUE_WIDE % ("#Topic", "#Broker Name", "#QID", "#ProcessQueueInfo")
    for queue, held in sorted(info.mq_table.items()):
        yield _DETAIL_WIDE % (*_place(queue), _held(held))
    yield "\n\n#Consumer Pop Detail#\n"
    yield _QUEUE % ("#Topic", "#Broker Name", "#QID", "#ProcessQueueInfo")
    for queue, popped in sorted(info.mq_pop_table.items()):
        yield _DETAIL % (*_place(queue), _popped(popped))
    yield "\n\n#Consumer RT&TPS#\n"
    yield _RATES % (
        *("#Topic", "#Pull RT", "#Pull TPS", "#Consume RT", "#ConsumeOK TPS"),
        *("#ConsumeFailed TPS", "#ConsumeFailedMsgsInHour"),
    )
    for topic, rates in _rates(info):
        yield _RATES_ROW % (
            *(topic, rates.pull_rt, rates.pull_tps, rates.consume_rt),
            *(rates.consume_ok_tps, rates.consume_failed_tps),
            rates.consume_failed_msgs,
        )
    yield "\n\n#User Consume Info#\n"
    for name, value in sorted(info.user_consumer_info.items()):
        yield f"{name:40}: {value}\n"
    if info.jstack is not None:
        yield f"\n\n#Consumer jstack#\n{info.jstack}"


def value(info: ConsumerRunningInfo) -> dict[str, Any]:
    """Give all of it for programs."""
    held = {queue: to_builtins(each) for queue, each in info.mq_table.items()}
    popped = {queue: to_builtins(each) for queue, each in info.mq_pop_table.items()}
    return {
        "properties": info.properties,
        "subscriptions": [
            {"topic": each.topic, "expression": each.sub_string}
            for each in info.subscription_set
        ],
        "queues": [to_builtins(queue) | held[queue] for queue in sorted(held)],
        "pop_queues": [to_builtins(queue) | popped[queue] for queue in sorted(popped)],
        "rates": {topic: to_builtins(each) for topic, each in _rates(info)},
        "user_info": info.user_consumer_info,
        "stacks": info.jstack,
    }


def analysis(found: Mapping[str, ConsumerRunningInfo], now_ms: int) -> str:
    """Say whether the members of a group agree, and what hangs."""
    clients = sorted(found.items())
    if not agree([info for _, info in clients], now_ms):
        return "\n\nWARN: Different subscription in the same group of consumer!!!"
    hanging = "".join(
        line for client, info in clients for line in stuck(client, info, now_ms)
    )
    same = "\n\nSame subscription in the same group of consumer\n\nRebalance OK\n"
    return same + hanging


def _rates(info: ConsumerRunningInfo) -> list[tuple[str, ConsumeStatus]]:
    return sorted(info.status_table.items())


def agree(infos: list[ConsumerRunningInfo], now_ms: int) -> bool:
    """Whether members of a group, which have had time to, want the same."""
    first = infos[0]
    started_ms = _number(first.properties.get(START, ""))
    if not is_pushed(first) or now_ms - started_ms <= SETTLED_MS:
        return True
    return all(_wanted(info) == _wanted(first) for info in infos)


def _wanted(info: ConsumerRunningInfo) -> set[tuple[Any, ...]]:
    return {
        (each.topic, each.sub_string, each.expression_type, each.class_filter_mode)
        for each in info.subscription_set
    }


def stuck(client: str, info: ConsumerRunningInfo, now_ms: int) -> list[str]:
    """Give a line for each queue that hangs; only of who is handed its messages."""
    return list(_stuck(client, info, now_ms)) if is_pushed(info) else []


def _stuck(client: str, info: ConsumerRunningInfo, now_ms: int) -> Iterator[str]:
    in_order = info.properties.get(ORDERLY, "").lower() == "true"
    for queue, held in sorted(info.mq_table.items()):
        who = f"{client} {queue_text(queue)}"
        silent_ms = now_ms - held.last_consume_timestamp
        if in_order and not held.locked:
            unlocked_ms = now_ms - held.last_lock_timestamp
            yield f"{who} can't lock for a while, {unlocked_ms}ms\n"
        elif in_order and held.droped and held.try_unlock_times > 0:
            yield f"{who} unlock {held.try_unlock_times} times, still failed\n"
        elif not in_order and silent_ms > STUCK_MS and held.cached_msg_count > 0:
            yield f"{who} can't consume for a while, maybe blocked, {silent_ms}ms\n"


def _place(queue: MessageQueue) -> tuple[str, str, int]:
    return queue.topic, queue.broker_name, queue.queue_id


def _held(held: ProcessQueueInfo) -> str:
    return (
        f"ProcessQueueInfo [commitOffset={held.commit_offset}, "
        f"cachedMsgMinOffset={held.cached_msg_min_offset}, "
        f"cachedMsgMaxOffset={held.cached_msg_max_offset}, "
        f"cachedMsgCount={held.cached_msg_count}, "
        f"cachedMsgSizeInMiB={held.cached_msg_size_in_mib}, "
        f"transactionMsgMinOffset={held.transaction_msg_min_offset}, "
        f"transactionMsgMaxOffset={held.transaction_msg_max_offset}, "
        f"transactionMsgCount={held.transaction_msg_count}, "
        f"locked={java(held.locked)}, tryUnlockTimes={held.try_unlock_times}, "
        f"lastLockTimestamp={digits(held.last_lock_timestamp)}, "
        f"droped={java(held.droped)}, "
        f"lastPullTimestamp={digits(held.last_pull_timestamp)}, "
        f"lastConsumeTimestamp={digits(held.last_consume_timestamp)}]"
    )


def _popped(held: PopProcessQueueInfo) -> str:
    return (
        f"PopProcessQueueInfo [waitAckCount:{held.wait_ack_count}, "
        f"droped:{java(held.droped)}, lastPopTimestamp:{held.last_pop_timestamp}]"
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
