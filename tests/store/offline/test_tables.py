import json

from offline_kit import ROOT, filled, genuine, looked_at

from twistedmq.store.offline.tables import committed, known_topics


def test_tables_of_a_genuine_broker() -> None:
    files, manifest = genuine("clean")
    directory = looked_at(files)
    topics = known_topics(directory)
    assert set(manifest["topicConfig"]) <= set(topics)
    assert topics["Bcq"] == {"queue.type": "BatchCQ"}
    wanted = {
        (key.partition("@")[2], key.partition("@")[0], int(queue_id)): offset
        for key, offsets in manifest["consumerOffsets"]["offsetTable"].items()
        for queue_id, offset in offsets.items()
    }
    assert wanted.items() <= committed(directory).items()


def test_missing_and_spoiled_tables_are_empty() -> None:
    files = filled(3)
    assert known_topics(looked_at(files)) == {}
    files.open(ROOT / "config" / "topics.json", create=True).write(b'{"topicC', 0)
    offsets = json.dumps({"offsetTable": {"T@G": {"0": 3, "x": 4}, "U@G": 7}})
    path = ROOT / "config" / "consumerOffset.json"
    files.open(path, create=True).write(offsets.encode(), 0)
    assert known_topics(looked_at(files)) == {}
    assert committed(looked_at(files)) == {("G", "T", 0): 3}
