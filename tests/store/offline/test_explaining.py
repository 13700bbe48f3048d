import pytest
from offline_kit import (
    ROOT,
    filled,
    genuine,
    looked_at,
    queue_file,
    records_in,
    segment,
)

from twistedmq.protocol.errors import FieldError
from twistedmq.store.offline.explaining import Explainer, offset_of


def test_places_are_offsets_or_ids() -> None:
    assert offset_of("4711") == 4711
    assert offset_of("7F000001000052A80000000000003399") == 0x3399
    assert offset_of("0" * 31 + "1" + "7F000001" + f"{99:016X}") == 99
    with pytest.raises(FieldError, match="no id with an offset"):
        offset_of("FD00000000000000000000000000000212724E0E2F2A70F95FC00000x")


def test_a_record_is_explained() -> None:
    files = filled(60)
    offset, size = records_in(files)[40]
    shown = Explainer(looked_at(files)).explain(offset)
    assert shown["file"] == str(segment(offset - offset % 4096))
    assert (shown["position"], shown["size"]) == (offset % 4096, size)
    assert shown["problem"] is None
    fields = {field["name"]: field["value"] for field in shown["fields"]}
    assert fields["queue offset"] == "13"
    assert sum(field["bytes"] for field in shown["fields"]) == size
    [entry] = shown["entries"]
    assert entry["file"] == str(queue_file(1))
    assert (entry["position"], entry["problem"]) == (13 * 20, None)
    names = [path.name for path in looked_at(files).index_files]
    assert {item["key"] for item in shown["index_items"]} == {
        "Orders#U40",
        "Orders#k40",
        "Orders#all",
        "Orders#T#t0",
    }
    assert all(set(item["files"]) <= set(names) for item in shown["index_items"])
    assert all(item["files"] for item in shown["index_items"])


def test_light_and_batch_queues_are_explained() -> None:
    files, _ = genuine("clean")
    explainer = Explainer(looked_at(files))
    topics = [entry["topic"] for entry in explainer.explain(13209)["entries"]]
    assert topics == ["Lmq", "%LMQ%alpha", "%LMQ%beta"]
    [entry] = explainer.explain(15744)["entries"]
    assert (entry["position"], entry["count"], entry["problem"]) == (3 * 46, 4, None)


def test_what_is_wrong_is_said() -> None:
    files = filled(60)
    offset, _ = records_in(files)[3]
    following, _ = records_in(files)[4]
    content = files.content(queue_file())
    content[20 + 15] ^= 1
    explainer = Explainer(looked_at(files))
    [entry] = explainer.explain(offset)["entries"]
    assert entry["problem"].startswith("its tags code should be ")
    content[20 + 7] ^= 1
    [entry] = Explainer(looked_at(files)).explain(offset)["entries"]
    assert entry["problem"] == "it is not the entry of this record"
    files.remove(queue_file().parent)
    [entry] = Explainer(looked_at(files)).explain(offset)["entries"]
    assert entry["problem"] == "there is no such queue"
    files.content(segment())[offset + 4] ^= 1
    shown = Explainer(looked_at(files)).explain(offset)
    assert "its magic is" in shown["problem"]
    assert shown["next_record"] == following
    assert shown["entries"] == []


def test_places_outside_are_refused() -> None:
    with pytest.raises(FieldError, match="999999 is outside of the log"):
        Explainer(looked_at(filled(5))).explain(999999)
    assert ROOT.name == "store"


def test_a_place_inside_of_a_record_is_no_record() -> None:
    files = filled(5)
    shown = Explainer(looked_at(files)).explain(7)
    assert shown["problem"]
    assert shown["next_record"] == records_in(files)[1][0]
