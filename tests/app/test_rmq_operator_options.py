from datetime import datetime

import pytest

from twistedmq.app.rmq import make_parser


def test_where_a_group_can_go() -> None:
    def to(text: str) -> object:
        words = ["offsets", "reset", "g", "t", "--to", text]
        return make_parser().parse_args(words).to

    assert to("first") == "first"
    assert to("17") == 17
    assert to("2026-01-31T12:00") == datetime(2026, 1, 31, 12)


@pytest.mark.parametrize(
    "wrong",
    [
        "offsets reset g t",
        "offsets reset g t --to soon",
        "offsets",
        "dlq replay g --rate 0",
        "dlq replay g --rate inf",
        "dlq show g --limit 0",
        "msg explain X",
    ],
)
def test_what_cannot_be_said(wrong: str) -> None:
    with pytest.raises(SystemExit) as caught:
        make_parser().parse_args(wrong.split())
    assert caught.value.code == 2
