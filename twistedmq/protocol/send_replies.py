"""SendBatch to reply bytes: the answers of one read, from a template.

Servers answer with JSON headers whatever the request came in (upstream does so too).
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final

import msgspec

from twistedmq.protocol.codes import CURRENT_VERSION
from twistedmq.protocol.send_decoding import DecodedSends
from twistedmq.protocol.system_flags import INNER_BATCH

_FIELDS: Final = '"extFields":{'
_AFTER_OPAQUE: Final = (
    f',"serializeTypeCurrentRPC":"JSON","version":{CURRENT_VERSION}}}'
)


@lru_cache(maxsize=4096)
def _lengths(header_length: int) -> str:
    """Give the eight bytes in front of a JSON header, as latin-1 text."""
    frame = (4 + header_length).to_bytes(4) + header_length.to_bytes(4)
    return frame.decode("latin-1")


class SendReplies:
    """Writes the answers to sends that were stored.

    Args:
        packed_host: the broker's packed address, the first part of every message id.
        region: what the ext field MSG_REGION says.
        trace_on: what the ext field TRACE_ON says.
        durability: what an acknowledgement promises; an ext field that only our client
            reads (``DURABILITY``).
    """

    def __init__(
        self,
        packed_host: bytes,
        region: str,
        durability: str,
        *,
        trace_on: bool = True,
    ) -> None:
        self._host_hex = packed_host.hex().upper()
        traced = str(trace_on).lower()
        named = f'"TRACE_ON":"{traced}","MSG_REGION":{_quoted(region)},'
        self._constant = f'{named}"DURABILITY":{_quoted(durability)}'

    def encode(
        self,
        sends: DecodedSends,
        physical_offsets: Sequence[int],
        queue_offsets: Sequence[int],
    ) -> bytes:
        """Give the frames of all answers, nothing for one-way requests."""
        if len(sends.opaques) == len(sends.batch.topics):
            texts = self._singles(sends, physical_offsets, queue_offsets)
        else:
            texts = self._groups(sends, physical_offsets, queue_offsets)
        if sends.has_bundles:
            texts = self._with_batch_ids(sends, texts)
        if sends.answer_fields:
            texts = self._with_answer_fields(sends, texts)
        if any(sends.one_way):
            pairs = zip(texts, sends.one_way, strict=True)
            texts = [text for text, one_way in pairs if not one_way]
        return "".join([_lengths(len(text)) + text for text in texts]).encode("latin-1")

    def _with_batch_ids(self, sends: DecodedSends, texts: list[str]) -> list[str]:
        """Tell senders of batches that theirs was kept as one message."""
        ends = accumulate(sends.counts)
        return [
            text.replace(_FIELDS, f'{_FIELDS}"batchUniqId":{_quoted(unique_id)},', 1)
            if sends.batch.sys_flags[end - 1] & INNER_BATCH
            else text
            for text, unique_id, end in zip(texts, sends.unique_ids, ends, strict=True)
        ]

    def _with_answer_fields(self, sends: DecodedSends, texts: list[str]) -> list[str]:
        """Put in what the answers to messages that were diverted say."""
        return [
            _with_fields(text, sends.answer_fields[opaque])
            if opaque in sends.answer_fields
            else text
            for text, opaque in zip(texts, sends.opaques, strict=True)
        ]

    def _singles(
        self,
        sends: DecodedSends,
        physical_offsets: Sequence[int],
        queue_offsets: Sequence[int],
    ) -> list[str]:
        host, constant = self._host_hex, self._constant
        return [
            f'{{"code":0,"extFields":{{"queueId":"{queue_id}","transactionId":'
            f'{_quoted(unique_id)},"msgId":"{host}{physical:016X}",{constant},'
            f'"queueOffset":"{queue_offset}"}},"flag":1,"language":"PYTHON",'
            f'"opaque":{opaque}{_AFTER_OPAQUE}'
            for queue_id, unique_id, physical, queue_offset, opaque in zip(
                sends.batch.queue_ids,
                sends.unique_ids,
                physical_offsets,
                queue_offsets,
                sends.opaques,
                strict=True,
            )
        ]

    def _groups(
        self,
        sends: DecodedSends,
        physical_offsets: Sequence[int],
        queue_offsets: Sequence[int],
    ) -> list[str]:
        """As ``_singles``, where a request may have brought several messages."""
        host, constant = self._host_hex, self._constant
        texts: list[str] = []
        ends = accumulate(sends.counts)
        for count, end, unique_id, opaque in zip(
            sends.counts, ends, sends.unique_ids, sends.opaques, strict=True
        ):
            first = end - count
            ids = ",".join([f"{host}{p:016X}" for p in physical_offsets[first:end]])
            texts.append(
                f'{{"code":0,"extFields":{{"queueId":"{sends.batch.queue_ids[first]}",'
                f'"transactionId":{_quoted(unique_id)},"msgId":"{ids}",{constant},'
                f'"queueOffset":"{queue_offsets[first]}"}},"flag":1,'
                f'"language":"PYTHON","opaque":{opaque}{_AFTER_OPAQUE}'
            )
        return texts


def _with_fields(answer: str, fields: dict[str, str]) -> str:
    """Give a JSON header with other ext fields."""
    header = msgspec.json.decode(answer)
    header["extFields"].update(fields)
    text = msgspec.json.encode(header).decode()
    return text if text.isascii() else _escaped(text)


def _quoted(text: str) -> str:
    """Give *text* as a JSON string of ASCII only, so that characters are bytes."""
    if text.isalnum() and text.isascii():
        return f'"{text}"'
    quoted = msgspec.json.encode(text).decode()
    if quoted.isascii():
        return quoted
    return _escaped(quoted)


def _escaped(text: str) -> str:
    """Write every character of *text* that is not ASCII as JSON escapes."""
    return "".join(
        char
        if char.isascii()
        else "".join(
            f"\\u{unit:04x}" for unit in memoryview(char.encode("utf-16-le")).cast("H")
        )
        for char in text
    )
