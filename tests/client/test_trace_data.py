import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.client.trace_data import (
    Consumed,
    Consuming,
    Ended,
    MessageKind,
    Published,
    Recalled,
    Returned,
    TraceItem,
    decode_items,
    encode_item,
    keys_of,
)
from twistedmq.protocol.errors import FieldError

PUBLISHED = Published(
    at_ms=1700000000000,
    region="DefaultRegion",
    group="P",
    topic="T",
    message_id="ID7",
    tag=None,
    keys="k1 k2",
    store_host="192.0.2.1:10911",
    body_bytes=5,
    took_ms=3,
    kind=MessageKind.DELAYED,
    offset_message_id="OFF",
    succeeded=True,
)


def by_names(text: str) -> str:
    return text.replace("|", "\x01").replace(";", "\x02")


WRITTEN = [
    (
        PUBLISHED,
        "Pub|1700000000000|DefaultRegion|P|T|ID7|null|k1 k2|192.0.2.1:10911|5|3|3|OFF|"
        "true;",
    ),
    (
        Consuming(
            at_ms=1,
            region="R",
            group="C",
            request_id="REQ",
            message_id="ID7",
            retry_times=2,
            keys=None,
        ),
        "SubBefore|1|R|C|REQ|ID7|2|null;",
    ),
    (
        Consumed(
            request_id="REQ",
            message_id="ID7",
            took_ms=9,
            succeeded=False,
            keys="k1",
            returned=Returned.ERROR,
            at_ms=2,
            group="C",
        ),
        "SubAfter|REQ|ID7|9|false|k1|2|2|C;",
    ),
    (
        Ended(
            at_ms=1,
            region="R",
            group="P",
            topic="T",
            message_id="ID7",
            tag="A",
            keys="k1",
            store_host="h:1",
            kind=MessageKind.COMMITTED,
            transaction_id="X",
            state="COMMIT_MESSAGE",
            asked=True,
        ),
        "EndTransaction|1|R|P|T|ID7|A|k1|h:1|2|X|COMMIT_MESSAGE|true;",
    ),
    (
        Recalled(
            at_ms=1,
            region="R",
            group="P",
            topic="T",
            message_id="ID7",
            succeeded=True,
        ),
        "Recall|1|R|P|T|ID7|true;",
    ),
]


@pytest.mark.parametrize(("item", "text"), WRITTEN)
def test_items_are_written_as_other_clients_do(item: TraceItem, text: str) -> None:
    assert encode_item(item) == by_names(text)
    assert list(decode_items(by_names(text))) == [item]


def test_a_message_holds_many() -> None:
    data = "".join(encode_item(item) for item, _ in WRITTEN)
    assert list(decode_items(data)) == [item for item, _ in WRITTEN]


def test_what_older_and_newer_clients_write_is_read() -> None:
    older = "Pub|1|R|P|T|ID7|A|k|h:1|5|3|0|true;SubAfter|REQ|ID7|9|true|k;"
    published, consumed = decode_items(by_names(older))
    assert isinstance(published, Published)
    assert (published.offset_message_id, published.succeeded) == (None, True)
    assert isinstance(consumed, Consumed)
    assert (consumed.returned, consumed.group) == (Returned.SUCCESS, None)
    newer = "Pub|1|R|P|T|ID7|A|k|h:1|5|3|0|OFF|true|10.0.0.1;SubWhenever|1;"
    [published] = decode_items(by_names(newer))
    assert isinstance(published, Published)
    assert published.offset_message_id == "OFF"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Pub|soon|R|P|T|ID7|A|k|h:1|5|3|0|OFF|true;", "Pub: at_ms is 'soon'"),
        ("Pub|1|R|P|T|ID7|A|k|h:1|5|3|9|OFF|true;", "Pub: kind is '9'"),
        ("Recall|1|R;", "Recall: group is missing"),
    ],
)
def test_what_is_damaged_is_named(text: str, problem: str) -> None:
    with pytest.raises(FieldError, match=problem):
        list(decode_items(by_names(text)))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(FieldError):
        list(decode_items(text))


words = st.text(st.characters(exclude_characters="\x01\x02"), min_size=1).filter(
    lambda word: word != "null"
)


@given(words, st.none() | words, st.booleans(), st.integers(0, 2**40))
def test_what_is_written_is_read(
    word: str, tag: str | None, succeeded: bool, at_ms: int
) -> None:
    item = Published(
        at_ms=at_ms,
        region=word,
        group=word,
        topic=word,
        message_id=word,
        tag=tag,
        keys=tag,
        store_host=word,
        body_bytes=at_ms,
        took_ms=at_ms,
        kind=MessageKind.NORMAL,
        offset_message_id=tag,
        succeeded=succeeded,
    )
    assert list(decode_items(encode_item(item))) == [item]


def test_a_trace_is_found_by_the_id_and_the_keys() -> None:
    assert keys_of(PUBLISHED) == {"ID7", "k1", "k2"}
    assert keys_of(WRITTEN[-1][0]) == {"ID7"}
