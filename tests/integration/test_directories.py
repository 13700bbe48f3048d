"""What a broker does, and does not do, to a directory that others wrote or spoiled."""

from pathlib import Path

import pytest
from load import Sender, read_queue
from processes import OurBroker, free_ports, twist
from store_vectors import unpack

SIZES = {
    "mappedFileSizeCommitLog": "65536",
    "mappedFileSizeConsumeQueue": "1000",
    "maxHashSlotNum": "100",
    "maxIndexNum": "200",
}
"""Of the recorded stores."""

WRITTEN_BY_US = {
    "topics.json",
    "subscriptionGroup.json",
    "consumerOffset.json",
    "delayOffset.json",
    "transactionMetrics",
    "timercheck",
    "timermetrics",
}


def picture(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_tables_that_we_do_not_use_stay_as_they_are(tmp_path: Path) -> None:
    root, _ = unpack("clean", tmp_path / "data")
    before = picture(root / "config")
    assert len(before.keys() - WRITTEN_BY_US) > 1
    with OurBroker(tmp_path / "data", settings=SIZES) as broker:
        sender = Sender(broker.address, "New", count=10, size=100)
        sender.start()
        sender.join()
        assert len(sender.acked) == 10
    after = picture(root / "config")
    for name, content in before.items():
        if name.removesuffix(".bak") not in WRITTEN_BY_US:
            assert after[name] == content, name
    assert b'"New"' in after["topics.json"][0]


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def queues_in_rocksdb(store: Path) -> None:
    put(store / "checkpoint", bytes(4096))
    put(store / "consumequeue" / "CURRENT", b"MANIFEST-000005\n")
    put(store / "consumequeue" / "MANIFEST-000005", b"x")


def torn_tables(store: Path) -> None:
    put(store / "checkpoint", bytes(4096))
    put(store / "config" / "topics.json", b'{"topicConfigTable":{"Orders":{"to')
    put(store / "config" / "topics.json.bak", b"")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (queues_in_rocksdb, "its queues are kept in RocksDB"),
        (torn_tables, "topics.json cannot be read"),
    ],
)
def test_what_cannot_be_opened_is_not_touched(tmp_path: Path, spoil, said: str) -> None:
    data = tmp_path / "data"
    spoil(data / "store")
    before = picture(data)
    _, namesrv, port, http = free_ports(4)
    done = twist(
        *("rmq", "-n", f"127.0.0.1:{namesrv}", "--data", str(data)),
        *("--set", f"listenPort={port}", "--set", f"nsaddrPort={http}"),
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    after = picture(data)
    assert {name: after.pop(name) for name in before} == before
    assert set(after) <= {"store/lock"}


def test_a_damaged_message_is_told_and_can_be_passed(tmp_path: Path) -> None:
    broker = OurBroker(tmp_path / "data", settings={"enabledAppendPropCRC": "true"})
    with broker:
        sender = Sender(broker.address, "Orders", count=9, queues=1, size=100)
        sender.start()
        sender.join()
        assert len(sender.acked) == 9
        broker.stop()
        log = broker.data / "store" / "commitlog" / f"{0:020d}"
        with log.open("r+b") as file:
            text = file.read(1 << 20)
            file.seek(text.index(b"n4"))  # the key of the fifth: no CRC of the body
            file.write(b"n5")
        broker.start()
        first = read_queue(broker.address, "Orders", 0)
        assert [next(first).number for _ in range(4)] == [0, 1, 2, 3]
        with pytest.raises(AssertionError, match="is damaged") as raised:
            next(first)
        place = text.rindex(b"\xda\xa3\x20\xa7", 0, text.index(b"n4")) - 4
        assert f"physical offset {place} " in str(raised.value)
        rest = read_queue(broker.address, "Orders", 0, 5)
        assert [m.number for m in rest] == [5, 6, 7, 8]
