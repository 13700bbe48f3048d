"""The verb that watches all groups until it is stopped."""

from typing import Any

from msgspec import to_builtins

from twistedmq.admin.client import Admin
from twistedmq.admin.monitoring import (
    Event,
    Members,
    NotSeen,
    OffsetGone,
    RoundBegun,
    RoundOver,
    Undone,
)
from twistedmq.app.mqadmin import running_text
from twistedmq.app.mqadmin.java_text import queue_text
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.verbs import Verb

LEAD = "[MONITOR] "
NOTIFY = f"{LEAD} [NOTIFY] "
RULE = "=" * 41


async def start_monitoring(admin: Admin, options: Any, output: Output) -> None:
    """Tell what is seen, round by round."""

    def tell(event: Event) -> None:
        _tell(event, output, admin.wall_ms())
        output.flush()

    await admin.monitor.run(tell)


def _tell(event: Event, output: Output, now_ms: int) -> None:
    match event:
        case RoundBegun():
            output.line(f"{LEAD}{RULE}beginRound")
        case RoundOver():
            output.line(f"{LEAD}{RULE}endRound")
        case NotSeen():
            output.problem(event.error, event.about)
        case Undone():
            output.line(
                "%sreportUndoneMsgs: UndoneMsgs [consumerGroup=%s, topic=%s, "
                "undoneMsgsTotal=%d, undoneMsgsSingleMQ=%d, "
                "undoneMsgsDelayTimeMills=%d]",
                *(LEAD, event.group, event.topic),
                *(event.total, event.most_of_a_queue, event.delay_ms),
            )
            _result("undone", to_builtins(event), output)
        case OffsetGone():
            output.line(
                "%sreportDeleteMsgsEvent: DeleteMsgsEvent [offsetMovedEvent="
                "OffsetMovedEvent [consumerGroup=%s, messageQueue=%s, "
                "offsetRequest=%d, offsetNew=%d], eventTimestamp=%d]",
                *(LEAD, event.group, queue_text(event.queue)),
                *(event.wanted, event.given, event.at_ms),
            )
            _result(
                "offset_gone",
                {
                    "group": event.group,
                    "topic": event.queue.topic,
                    "broker": event.queue.broker_name,
                    "queue_id": event.queue.queue_id,
                    "wanted": event.wanted,
                    "given": event.given,
                    "at_ms": event.at_ms,
                },
                output,
            )
        case Members():
            _tell_running(event, output, now_ms)


def _tell_running(event: Members, output: Output, now_ms: int) -> None:
    found = sorted(event.members.items())
    agree = running_text.agree([info for _, info in found], now_ms)
    report = f"{NOTIFY}reportConsumerRunningInfo: ConsumerGroup: {event.group}, "
    if not agree:
        output.line("%s", f"{report}Subscription different")
    stuck = {client: running_text.stuck(client, info, now_ms) for client, info in found}
    for client, lines in stuck.items():
        if lines:
            output.line("%s", f"{report}ClientId: {client}, {''.join(lines)}")
    _result(
        "members",
        {
            "group": event.group,
            "agree": agree,
            "members": {
                client: [line.rstrip("\n") for line in lines]
                for client, lines in stuck.items()
            },
        },
        output,
    )


def _result(event: str, value: dict[str, Any], output: Output) -> None:
    output.result({"event": event} | value)


VERBS = [
    Verb(
        "startMonitoring",
        "watches all groups: what they have left, who hangs; until it is stopped",
        start_monitoring,
        endless=True,
    ),
]
