"""Answers to sends, held against those of the genuine broker."""

import json
from pathlib import Path

from twistedmq.protocol.codec import decode_command, encode_request
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.framing import FrameDecoder
from twistedmq.protocol.headers import SendMessageRequestHeaderV2
from twistedmq.protocol.send_decoding import SendDecoder
from twistedmq.protocol.send_replies import SendReplies

WIRE = Path(__file__).parent.parent / "vectors" / "wire"
HOST = bytes([127, 0, 0, 2]) + (21120).to_bytes(4)


def replies() -> SendReplies:
    return SendReplies(HOST, "DefaultRegion", "page-cache")


def test_answers_have_the_fields_of_the_genuine_broker() -> None:
    for name in ("send_message_v2", "send_batch_message"):
        lines = map(json.loads, (WIRE / f"{name}.jsonl").read_text().splitlines())
        pairs: dict[int, dict[str, dict[str, object]]] = {}
        for line in lines:
            key = line["pair"] if line["serialization"] == "JSON" else -line["pair"]
            pairs.setdefault(key, {})[line["direction"]] = line
        compared = 0
        for pair in pairs.values():
            answer = pair.get("response")
            if answer is None or answer["response_code"] != 0:
                continue
            genuine = answer["header"]["extFields"]  # type: ignore[index]
            if "recallHandle" in genuine:  # a timed message
                continue
            raw = bytes.fromhex(str(pair["request"]["frame_hex"]))[4:]
            sends = SendDecoder(b"", lambda: "").decode([raw], HOST)
            physical = [int(part[16:], 16) for part in genuine["msgId"].split(",")]
            first = int(genuine["queueOffset"])
            offsets = list(range(first, first + len(physical)))
            [frame] = FrameDecoder(10_000).feed(
                replies().encode(sends, physical, offsets)
            )
            ours = decode_command(frame)
            assert ours.opaque == answer["header"]["opaque"]  # type: ignore[index]
            assert ours.is_response
            fields = dict(ours.fields)
            assert fields.pop("DURABILITY") == "page-cache"
            if int(genuine["queueId"]) == sends.batch.queue_ids[0]:
                assert fields == genuine | {"msgId": fields["msgId"]}
            assert [i[16:] for i in fields["msgId"].split(",")] == [
                f"{p:016X}" for p in physical
            ]
            compared += 1
        assert compared


def test_one_way_sends_get_nothing_and_odd_ids_are_escaped() -> None:
    def frame(opaque: int, flag: int, unique_id: str) -> bytes:
        header = SendMessageRequestHeaderV2(
            producer_group="p", topic="t", default_topic="TBW102",
            default_topic_queue_nums=4, queue_id=1, sys_flag=0, born_timestamp=17,
            flag=0, properties=f"UNIQ_KEY\x01{unique_id}\x02",
        )  # fmt: skip
        code = RequestCode.SEND_MESSAGE_V2
        return encode_request(code, opaque, header, b"x", flag=flag)[4:]

    odd = 'quote" back\\slash é €\U0001f600'
    sends = SendDecoder(b"", lambda: "").decode(
        [frame(1, 0, "plain"), frame(2, 2, "one-way"), frame(3, 0, odd)], HOST
    )
    data = replies().encode(sends, [0, 100, 200], [0, 1, 2])
    answers = [decode_command(f) for f in FrameDecoder(10_000).feed(data)]
    assert [a.opaque for a in answers] == [1, 3]
    assert [a.fields["transactionId"] for a in answers] == ["plain", odd]
    assert [a.fields["queueOffset"] for a in answers] == ["0", "2"]
