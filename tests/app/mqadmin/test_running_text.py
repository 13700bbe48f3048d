import re

from twistedmq.app.mqadmin.running_text import analysis, whole
from twistedmq.protocol.bodies import (
    ConsumerRunningInfo,
    ConsumeStatus,
    MessageQueue,
    PopProcessQueueInfo,
    ProcessQueueInfo,
    SubscriptionData,
)

QUEUE = MessageQueue("T", "broker-a", 0)
PUSHED = {
    "PROP_CONSUME_TYPE": "CONSUME_PASSIVELY",
    "PROP_CONSUMER_START_TIMESTAMP": "1000",
}
LATER_MS = 10_000_000


def consumer(expression: str = "*", **more: str) -> ConsumerRunningInfo:
    return ConsumerRunningInfo(
        properties=PUSHED | more,
        subscription_set=[SubscriptionData(topic="T", sub_string=expression)],
        mq_table={QUEUE: ProcessQueueInfo(last_consume_timestamp=LATER_MS)},
    )


def test_all_of_it_is_written() -> None:
    info = consumer()
    info.mq_pop_table[QUEUE] = PopProcessQueueInfo(wait_ack_count=3)
    info.status_table["T"] = ConsumeStatus(pull_rt=50, pull_tps=0.1)
    info.user_consumer_info["mine"] = "yes"
    info.jstack = "stack"
    text = whole(info)
    lines = text.splitlines()
    assert re.findall(r"^#(.*)#$", text, re.M) == [
        "Consumer Properties",
        "Consumer Subscription",
        "Consumer Offset",
        "Consumer MQ Detail",
        "Consumer Pop Detail",
        "Consumer RT&TPS",
        "User Consume Info",
        "Consumer jstack",
    ]
    assert lines[1] == f"{'PROP_CONSUMER_START_TIMESTAMP':40}: 1000"
    assert f"001 Topic: {'T':40} ClassFilter: false    SubExpression: *" in lines
    assert f"{'T':32}  {'broker-a':32}  0     {'0':20}" in lines
    assert (
        f"{'T':32}  {'broker-a':32}  0     "
        "PopProcessQueueInfo [waitAckCount:3, droped:false, lastPopTimestamp:0]"
    ) in lines
    rates = f"{'T':32}  {'50.00':>14} {'0.10':>14} {'0.00':>14} {'0.00':>14} "
    assert f"{rates}{'0.00':>18} {0:25}" in lines
    assert f"{'mine':40}: yes" in lines
    assert "locked=false, tryUnlockTimes=0, lastLockTimestamp=1970" in text


def test_members_that_agree() -> None:
    text = analysis({"c1": consumer(), "c2": consumer()}, LATER_MS)
    assert text == (
        "\n\nSame subscription in the same group of consumer\n\nRebalance OK\n"
    )


def test_members_that_differ() -> None:
    found = {"c1": consumer(), "c2": consumer("new")}
    assert analysis(found, LATER_MS).startswith("\n\nWARN: Different subscription")
    # they may just be changing it
    assert "Same subscription" in analysis(found, 60_000)


def test_what_hangs_is_told() -> None:
    slow = consumer()
    slow.mq_table[QUEUE].cached_msg_count = 1
    text = analysis({"c1": slow}, LATER_MS + 70_000)
    assert text.endswith(
        "c1 MessageQueue [topic=T, brokerName=broker-a, queueId=0] "
        "can't consume for a while, maybe blocked, 70000ms\n"
    )
    ordered = consumer(PROP_CONSUMEORDERLY="true")
    ordered.mq_table[QUEUE].last_lock_timestamp = LATER_MS - 5
    assert analysis({"c1": ordered}, LATER_MS).endswith("can't lock for a while, 5ms\n")
    ordered.mq_table[QUEUE].locked = True
    ordered.mq_table[QUEUE].droped = True
    ordered.mq_table[QUEUE].try_unlock_times = 2
    assert analysis({"c1": ordered}, LATER_MS).endswith(
        "unlock 2 times, still failed\n"
    )
