import pytest

from twistedmq.protocol.codes import RequestCode
from twistedmq.testing.operations import OPERATIONS, UnknownOperationError, codes_of


def test_words_and_numbers_stand_for_codes() -> None:
    assert codes_of(None) is None
    assert codes_of("pop") == {RequestCode.POP_MESSAGE}
    assert codes_of(RequestCode.POP_MESSAGE) == {RequestCode.POP_MESSAGE}
    assert codes_of(["pop", 7]) == {RequestCode.POP_MESSAGE, 7}
    with pytest.raises(UnknownOperationError, match="no request is for 'sent'") as told:
        codes_of("sent")
    assert "send" in str(told.value)


def test_no_code_has_two_words() -> None:
    codes = [code for codes in OPERATIONS.values() for code in codes]
    assert len(codes) == len(set(codes))
