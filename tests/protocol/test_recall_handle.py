from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.recall_handle import (
    RecallHandle,
    RecallHandleError,
    parse_recall_handle,
)

GENUINE = "djEgVCBib3RoIDE3OTU2OTgyNjkwMDEgVTE="
words = st.text(st.characters(codec="utf-8", exclude_characters=" "), min_size=1)


def test_the_form_of_the_genuine_broker() -> None:
    handle = RecallHandle("T", "both", "1795698269001", "U1")
    assert handle.encode() == GENUINE
    assert parse_recall_handle(GENUINE) == handle
    assert parse_recall_handle(GENUINE.rstrip("=")) == handle


@given(words, words, words, words)
def test_what_is_made_is_parsed(topic: str, broker: str, time: str, key: str) -> None:
    handle = RecallHandle(topic, broker, time, key)
    assert parse_recall_handle(handle.encode()) == handle


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "é",
        "not base64!",
        GENUINE + "=",
        GENUINE[:-1] + "==",
        encoded("v2 T b 1 U"),
        encoded("v1 T b 1"),
        encoded("v1 T b 1 "),
        encoded("v1"),
    ],
)
def test_what_is_no_handle(text: str) -> None:
    with pytest.raises(RecallHandleError) as caught:
        parse_recall_handle(text)
    assert caught.value.code == ResponseCode.ILLEGAL_OPERATION


@given(st.text())
def test_any_text_is_a_handle_or_refused(text: str) -> None:
    try:
        parse_recall_handle(text)
    except RecallHandleError:
        return
