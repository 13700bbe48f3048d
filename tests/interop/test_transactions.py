"""Transactions begun with one broker are ended with the other one."""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from load import read_topic
from transactions import COMMIT, TransactionalProducer, by_word
from two_way import TwoWay

TOPIC = "Decided"
SHORT = {
    "transactionTimeOut": "1000",
    "transactionCheckInterval": "1000",
    "transactionCheckMax": "1000",  # on a slow machine 15 are over before the test is
    "transactionOpBatchInterval": "200",
}
ENDED, OPEN = ("commit", "rollback"), ("later", "never")


def seen(address: str) -> Counter[str]:
    return Counter(m.body.decode() for m in read_topic(address, TOPIC, 1))


def wait_seen(address: str, wanted: Sequence[str]) -> None:
    """Return once a consumer gets just *wanted*, each of them at least once.

    The genuine broker asks again about a transaction whose end it has not written down
    when the time-out is over, and then has its message twice.
    """
    deadline = time.monotonic() + 20
    while set(got := seen(address)) != set(wanted):
        assert time.monotonic() < deadline, (got, wanted)
        time.sleep(0.2)


def texts(words: Sequence[str], where: str) -> list[str]:
    return [f"{word} {n} {where}" for word in words for n in range(5)]


def begin(producer: TransactionalProducer, where: str) -> list[str]:
    """Begin transactions and end some of them; gives what is left open."""
    ended, left = texts(ENDED, where), texts(OPEN, where)
    halves = producer.begin(TOPIC, [*ended, *left])
    ends = producer.end(halves[: len(ended)])
    producer.count_ended(ends, len(ended))
    return left


def knows_later(text: str) -> int:
    return COMMIT if text.startswith("later") else by_word(text)


def test_each_broker_ends_what_the_other_one_began(tmp_path: Path) -> None:
    both = TwoWay(tmp_path / "data", SHORT)
    expected = texts(["commit"], "ours")
    with both.ours() as ours:
        with TransactionalProducer(ours.address) as producer:
            open_ones = begin(producer, "ours")
            producer.wait_asked(set(open_ones))
        assert seen(ours.address) == Counter(expected)
    with both.genuine() as genuine:
        with TransactionalProducer(genuine.address, knows_later) as producer:
            producer.wait_asked(set(open_ones))
            expected += texts(["later"], "ours")
            wait_seen(genuine.address, expected)
            assert set(producer.asked) == set(open_ones)
        with TransactionalProducer(genuine.address) as producer:
            left = begin(producer, "genuine")
            expected += texts(["commit"], "genuine")
            wait_seen(genuine.address, expected)
            time.sleep(0.5)  # it loses the ends that are not written when it stops
    left += texts(["never"], "ours")
    later = texts(["later"], "genuine")
    with both.ours() as ours:
        before = seen(ours.address)
        with TransactionalProducer(ours.address, knows_later) as producer:
            producer.wait_asked(set(left))
            wait_seen(ours.address, [*expected, *later])
            # a slow machine may have lost some ends nevertheless
            lost = set(producer.asked) - set(left)
            assert lost <= set(texts(ENDED, "genuine"))
            assert set(seen(ours.address) - before - Counter(later)) <= lost
