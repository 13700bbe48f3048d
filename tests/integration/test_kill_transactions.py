"""kill -9 in the middle of transactions."""

from pathlib import Path

import pytest
from load import read_queue, read_topic
from processes import OurBroker
from transactions import UNKNOWN, TransactionalProducer, by_word

TOPIC = "Decided"
SHORT = {
    "transactionTimeOut": "300",
    "transactionCheckInterval": "200",
    "transactionOpBatchInterval": "300",
}
NUMBER = 150


def seen(address: str) -> list[str]:
    """Give the texts that a consumer gets."""
    return [message.body.decode() for message in read_topic(address, TOPIC, 1)]


def visible(address: str, wanted: set[str], timeout_s: float = 20) -> list[str]:
    """Give what a consumer gets, once that is all of *wanted*."""
    texts: list[str] = []
    for message in read_queue(address, TOPIC, 0, hold_s=timeout_s):
        texts.append(message.body.decode())
        if wanted <= set(texts):
            return texts
    raise AssertionError(f"lost {sorted(wanted - set(texts))[:5]}")


@pytest.mark.parametrize("asked_before", [False, True])
def test_no_half_is_seen_and_none_is_forgotten(
    tmp_path: Path, asked_before: bool
) -> None:
    words = ["commit", "rollback", "unknown"]
    texts = {word: [f"{word} {n}" for n in range(NUMBER)] for word in words}
    everything = [t for some in texts.values() for t in some]
    before = SHORT if asked_before else SHORT | {"transactionTimeOut": "600000"}
    with OurBroker(tmp_path / "data", settings=before) as broker:
        with TransactionalProducer(broker.address, lambda _: UNKNOWN) as producer:
            halves = producer.begin(TOPIC, everything)
            if asked_before:
                producer.wait_asked(set(everything))
            decisions = [by_word(half.text) for half in halves[: 2 * NUMBER]]
            opaques = [
                opaque
                for half, how in zip(halves, decisions, strict=False)
                for opaque in producer.end([half], how)
            ]
            ended = producer.count_ended(opaques, NUMBER // 2)
            broker.kill()
        broker.settings = SHORT
        broker.start()
        committed = {
            half.text
            for half, opaque in zip(halves, opaques, strict=False)
            if opaque in ended and half.text.startswith("commit")
        }
        assert committed <= set(seen(broker.address))
        with TransactionalProducer(broker.address) as producer:
            got = visible(broker.address, set(texts["commit"]))
            assert set(got) == set(texts["commit"])
            producer.wait_asked_about_only(set(texts["unknown"]))
            if not asked_before:
                # A half that was ended just before the kill may be asked about again.
                # What its producer answers now counts: once the broker has taken the
                # answer it asks no more, however long questions were on their way.
                assert producer.asked_in_vain == []
            # One that was asked about before the kill may be there twice since then,
            # and each of the two is asked about and ended by itself.
        assert set(seen(broker.address)) == set(got)
