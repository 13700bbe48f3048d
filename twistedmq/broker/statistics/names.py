"""What counters are called, and what their keys are made of. Source: Stats."""

from typing import Final

TOPIC_PUT: Final = "TOPIC_PUT"
GROUP_GET: Final = "GROUP_GET"
QUEUE_PUT: Final = "QUEUE_PUT"
QUEUE_GET: Final = "QUEUE_GET"
GROUP_ACK: Final = "GROUP_ACK"
GROUP_CK: Final = "GROUP_CK"
SNDBCK_PUT: Final = "SNDBCK_PUT"
DLQ_PUT: Final = "DLQ_PUT"
GROUP_GET_FROM_DISK: Final = "GROUP_GET_FROM_DISK"
BROKER_PUT: Final = "BROKER_PUT"
BROKER_GET: Final = "BROKER_GET"
BROKER_ACK: Final = "BROKER_ACK"
BROKER_CK: Final = "BROKER_CK"
BROKER_GET_FROM_DISK: Final = "BROKER_GET_FROM_DISK"
BROKER_PUT_OURS: Final = "BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC"
BROKER_GET_OURS: Final = "BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC"
TOPIC_PUT_LATENCY: Final = "TOPIC_PUT_LATENCY"
GROUP_GET_LATENCY: Final = "GROUP_GET_LATENCY"
SNDBCK2DLQ_TIMES: Final = "SNDBCK2DLQ_TIMES"
NUMS: Final = "_NUMS"
SIZE: Final = "_SIZE"

# Which part of a key is the topic, and which the group, with @ between the parts.
TOPIC_AT: Final = {
    **dict.fromkeys(
        (
            TOPIC_PUT,
            QUEUE_PUT,
            GROUP_GET,
            QUEUE_GET,
            GROUP_ACK,
            GROUP_CK,
            SNDBCK_PUT,
            GROUP_GET_FROM_DISK,
        ),
        0,
    ),
    GROUP_GET_LATENCY: 1,
}
WITH_GROUP: Final = frozenset(TOPIC_AT.keys() - {TOPIC_PUT, QUEUE_PUT})

IN_PAIRS: Final = frozenset(
    f"{name}{NUMS}"
    for name in (
        *TOPIC_AT.keys() - {GROUP_GET_LATENCY},
        DLQ_PUT,
        BROKER_PUT,
        BROKER_GET,
        BROKER_ACK,
        BROKER_CK,
        BROKER_GET_FROM_DISK,
    )
)


def part_of(key: str, at: int) -> str:
    """Give one of the parts of *key*, which have @ between them; empty if missing."""
    parts = key.split("@")
    return parts[at] if at < len(parts) else ""
