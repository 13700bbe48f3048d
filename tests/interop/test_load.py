"""The bare sender and reader themselves, against the genuine broker."""

from load import Sender, problems, query, read_topic


def test_the_generator_and_the_reader_agree_with_the_genuine_broker(genuine) -> None:
    sender = Sender(genuine.address, "Bare", count=1000)
    sender.start()
    sender.join()
    assert not sender.refused
    stored = read_topic(genuine.address, "Bare")
    assert len(stored) == 1000
    assert problems(sender.acked, stored) == []
    assert [m.number for m in query(genuine.address, "Bare", "n7")] == [7]
