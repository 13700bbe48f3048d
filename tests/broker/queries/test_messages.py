"""Finding messages."""

from typing import Any

import pytest
from any_store import batch_store, bundle
from read_side import ReadSide, genuine_answers
from twisted.internet.defer import Deferred

from twistedmq.broker.queries.messages import has_key
from twistedmq.protocol import loose_json
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Buffer, Reply
from twistedmq.protocol.headers import (
    QueryConsumeQueueRequestHeader,
    QueryMessageRequestHeader,
    ViewMessageRequestHeader,
)
from twistedmq.protocol.record import decode_record
from twistedmq.testing.batches import Told

FOREVER = 2**63 - 1


@pytest.fixture
def side() -> ReadSide:
    made = ReadSide()
    made.topic("T")
    return made


def bodies(reply: Reply) -> list[bytes]:
    buffers = reply.body if isinstance(reply.body, list) else [reply.body]
    return [bytes(decode_record(b).body) for b in buffers]


class TestById:
    def ask(self, side: ReadSide, offset: int) -> Reply:
        header = ViewMessageRequestHeader(topic="T", offset=offset)
        return side.ask(RequestCode.VIEW_MESSAGE_BY_ID, header)

    def test_the_record(self, side: ReadSide) -> None:
        _, offset = side.append(Told(topic="T"), Told(topic="T", body=b"second"))
        assert bodies(self.ask(side, offset)) == [b"second"]

    @pytest.mark.parametrize("offset", [88888888, -1, 3])
    def test_nothing_is_there(self, side: ReadSide, offset: int) -> None:
        side.append(Told(topic="T"))
        reply = self.ask(side, offset)
        assert reply.code == ResponseCode.SYSTEM_ERROR
        assert reply.remark == f"can not find message by the offset, {offset}"

    def test_a_cold_record_comes_later(
        self, side: ReadSide, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cold: Deferred[Buffer | None] = Deferred()
        monkeypatch.setattr(side.store, "record_at", lambda _: cold)
        header = ViewMessageRequestHeader(offset=0)
        answers = side.begin(RequestCode.VIEW_MESSAGE_BY_ID, header)
        assert answers == []
        cold.callback(b"record")
        assert answers[0].body == b"record"


class TestByKey:
    def ask(self, side: ReadSide, key: str, unique: str = "", **more: Any) -> Reply:
        values = {
            "topic": "T",
            "key": key,
            "max_num": 10,
            "begin_timestamp": 0,
            "end_timestamp": FOREVER,
        }
        header = QueryMessageRequestHeader(**values | more)
        fields = {"_UNIQUE_KEY_QUERY": unique}
        return side.ask(RequestCode.QUERY_MESSAGE, header, fields=fields)

    def test_each_word_of_the_keys_is_one(self, side: ReadSide) -> None:
        side.append(
            Told(topic="T", body=b"a", keys="k1 k2"),
            Told(topic="T", body=b"b", keys="k2"),
            Told(topic="T2", body=b"c", keys="k2"),
        )
        assert bodies(self.ask(side, "k2")) == [b"a", b"b"]
        assert bodies(self.ask(side, "k1")) == [b"a"]

    def test_the_answer_has_the_genuine_fields(self, side: ReadSide) -> None:
        side.append(Told(topic="T", keys="k1"))
        for genuine in genuine_answers("query_message"):
            key = "k1" if genuine["response_code"] == 0 else "kNope"
            reply = self.ask(side, key)
            assert reply.code == genuine["response_code"]
            assert isinstance(reply.header, dict)
            assert reply.header.keys() == genuine["header"]["extFields"].keys()
            assert reply.remark == genuine["header"].get("remark")

    def test_unique_keys_are_keys(self, side: ReadSide) -> None:
        side.append(Told(topic="T", body=b"a", unique_key="U1"))
        assert bodies(self.ask(side, "U1", "true", max_num=0)) == [b"a"]

    def test_tags_are_found_by_their_own_kind_of_query(self, side: ReadSide) -> None:
        side.append(Told(topic="T", body=b"a", tag="x"))
        assert self.ask(side, "x").code == ResponseCode.QUERY_NOT_FOUND
        assert bodies(self.ask(side, "x", index_type="T")) == [b"a"]

    def test_colliding_hashes_do_not_count(self, side: ReadSide) -> None:
        [offset] = side.append(Told(topic="T", keys="Aa", unique_key="U", tag="x"))
        record = side.store.record_at(offset)
        assert record is not None
        assert has_key(record, "T", "Aa", "")
        assert has_key(record, "T", "U", "")
        assert has_key(record, "T", "x", "T")
        assert not has_key(record, "T", "BB", "")  # the hash of Aa
        assert not has_key(record, "T", "Aa", "T")
        assert not has_key(record, "T2", "Aa", "")


class TestQueueEntries:
    def ask(self, side: ReadSide, **fields: Any) -> Reply:
        values = {"topic": "T", "queue_id": 0, "index": 0, "count": 4}
        header = QueryConsumeQueueRequestHeader(**values | fields)
        return side.ask(RequestCode.QUERY_CONSUME_QUEUE, header)

    def test_entries(self, side: ReadSide) -> None:
        offsets = side.append(*[Told(topic="T", tag="x")] * 6)
        ours = loose_json.decode_any(self.ask(side, consumer_group="G").body)
        [genuine, *_] = genuine_answers("query_consume_queue")
        assert ours.keys() == genuine["body_json"].keys()
        assert ours["filterData"] == "G@T is not online!"
        entries = ours["queueData"]
        assert entries[0].keys() == genuine["body_json"]["queueData"][0].keys()
        assert [entry["physicOffset"] for entry in entries] == offsets[:4]
        assert (ours["minQueueIndex"], ours["maxQueueIndex"]) == (0, 6)

    def test_in_a_batch_queue_messages_are_counted(self) -> None:
        side = ReadSide(batch_store(lambda: 1_700_000_000_000, "T"))
        side.append(*(bundle("T", count) for count in (1, 2, 3, 4)))
        for index, wanted in ((0, 3), (3, 2), (6, 1)):
            body = loose_json.decode_any(self.ask(side, index=index, count=5).body)
            assert len(body["queueData"]) == wanted

    def test_what_the_group_wants_goes_along(self, side: ReadSide) -> None:
        side.append(Told(topic="T"))
        side.heartbeat("G", {"T": "x"})
        ours = loose_json.decode_any(self.ask(side, consumer_group="G").body)
        assert ours["subscriptionData"]["subString"] == "x"

    def test_a_queue_that_does_not_exist(self, side: ReadSide) -> None:
        reply = self.ask(side, queue_id=3)
        assert reply.remark == "3@T is not exist!"
        assert reply.code == ResponseCode.SYSTEM_ERROR

    def test_an_index_that_does_not_exist(self, side: ReadSide) -> None:
        side.append(Told(topic="T"))
        reply = self.ask(side, index=1)
        assert reply.remark == "Index 1 of 0@T is not exist!"
