"""A store written by ours opens in the genuine broker, and in ours again."""

import random
from pathlib import Path

import peer
import pytest
from load import Sender, Stored, problems, query, read_topic
from processes import OurBroker

COUNT = 20_000
TOPIC = "FromOurs"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def fill(broker: OurBroker, *, first: int = 0) -> dict[tuple[int, int], int]:
    sender = Sender(broker.address, TOPIC, first=first, count=COUNT)
    sender.start()
    sender.join()
    assert not sender.refused
    assert not sender.twice
    assert len(sender.acked) == COUNT
    return sender.acked


def found_by_keys(address: str, stored: list[Stored]) -> list[str]:
    """Say which of a sample of messages cannot be found by key and unique key."""
    wrong = []
    for message in random.Random(7).sample(stored, 40):
        by_key = query(address, TOPIC, message.properties["KEYS"])
        if [m.physical_offset for m in by_key] != [message.physical_offset]:
            wrong.append(f"key of {message.number}: {by_key}")
        unique = message.properties["UNIQ_KEY"]
        by_unique = query(address, TOPIC, unique, unique=True)
        if message.physical_offset not in [m.physical_offset for m in by_unique]:
            wrong.append(f"unique key of {message.number}: {by_unique}")
    return wrong


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_store_of_ours_opens_in_the_genuine_broker(data: Path, end: str) -> None:
    settings = {"brokerName": "both", "mappedFileSizeCommitLog": "8388608"}
    ours = OurBroker(data, settings=settings)
    with ours:
        acked = fill(ours)
        getattr(ours, end)()
    config = {"mappedFileSizeCommitLog": "8388608"}
    with (
        peer.NameServer() as namesrv,
        peer.Broker(namesrv, name="both", home=data, config=config) as genuine,
    ):
        stored = read_topic(genuine.address, TOPIC)
        assert problems(acked, stored) == []
        assert len(stored) == COUNT
        assert found_by_keys(genuine.address, stored) == []
        sender = Sender(genuine.address, TOPIC, first=COUNT, count=1000)
        sender.start()
        sender.join()
        assert len(sender.acked) == 1000
        assert not set(sender.acked) & set(acked)
    acked |= sender.acked
    with ours:
        again = read_topic(ours.address, TOPIC)
        assert problems(acked, again) == []
        assert len(again) == COUNT + 1000
        assert found_by_keys(ours.address, again) == []
        acked |= fill(ours, first=COUNT + 1000)
        assert problems(acked, read_topic(ours.address, TOPIC)) == []
