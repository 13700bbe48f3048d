"""kill -9 in the middle of transactions."""

from pathlib import Path

from load import read_queue, read_topic
from processes import OurBroker
from transactions import TransactionalProducer

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


def test_no_half_is_seen_and_none_is_forgotten(tmp_path: Path) -> None:
    words = ["commit", "rollback", "unknown"]
    texts = {word: [f"{word} {n}" for n in range(NUMBER)] for word in words}
    with OurBroker(tmp_path / "data", settings=SHORT) as broker:
        with TransactionalProducer(broker.address) as producer:
            halves = producer.begin(TOPIC, [t for some in texts.values() for t in some])
            opaques = producer.end(halves[: 2 * NUMBER])
            ended = producer.count_ended(opaques, NUMBER // 2)
            broker.kill()
        broker.start()
        committed = {
            half.text
            for half, opaque in zip(halves, opaques, strict=False)
            if opaque in ended and half.text.startswith("commit")
        }
        assert committed <= set(seen(broker.address))
        with TransactionalProducer(broker.address) as producer:
            producer.wait_asked(set(texts["unknown"]))
            got = visible(broker.address, set(texts["commit"]))
            assert set(got) == set(texts["commit"])
            producer.wait_asked_about_only(set(texts["unknown"]))
            # One that was committed just before the kill may be committed twice.
        assert set(seen(broker.address)) == set(got)
