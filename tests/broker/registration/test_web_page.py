"""Over sockets: tests/integration/test_address_server.py."""

import pytest
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone

from twistedmq.broker.registration.web_page import (
    MAX_PAGE_BYTES,
    AddressServerError,
    PageReader,
)


@pytest.fixture
def reader() -> PageReader:
    return PageReader()


def test_the_pieces_of_a_page_are_put_together(reader: PageReader) -> None:
    pages: list[bytes] = []
    reader.complete.addCallback(pages.append)
    reader.dataReceived(b"10.0.0.1")
    reader.dataReceived(b":9876")
    assert pages == []
    reader.connectionLost(Failure(ResponseDone()))
    assert pages == [b"10.0.0.1:9876"]


@pytest.mark.parametrize(
    ("size", "end", "problem"),
    [
        (MAX_PAGE_BYTES + 1, ResponseDone(), AddressServerError),
        (10, ConnectionLost(), ConnectionLost),
    ],
)
def test_half_a_page_or_too_much_is_none(
    reader: PageReader, size: int, end: Exception, problem: type[Exception]
) -> None:
    problems: list[Failure] = []
    reader.complete.addErrback(problems.append)
    reader.dataReceived(b"x" * size)
    reader.connectionLost(Failure(end))
    assert problems[0].check(problem)
