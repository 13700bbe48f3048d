"""The page on asyncio does what it says, with a cluster in memory."""

import ast
import asyncio
from typing import Any

import pytest
from client_kit import FakeCluster
from doc_examples import blocks_of

from twistedmq.aio import Consumer, Producer, StartFrom

BLOCKS = blocks_of("docs/asyncio.md")


@pytest.fixture
def page(every_client: FakeCluster) -> dict[str, Any]:
    """Give what the blocks of the page, run one after the other, have defined."""
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(ast.parse(block), "docs/asyncio.md", "exec"), names)
    return names


def test_the_first_program_sends_and_consumes(
    page: dict[str, Any], every_client: FakeCluster
) -> None:
    assert every_client.bodies("orders") == [b"hello"]
    assert sum(every_client.committed.values()) == 1


def test_its_output(
    every_client: FakeCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(BLOCKS[0], {})
    assert "b'hello'" in capsys.readouterr().out


def test_many_sends(page: dict[str, Any], every_client: FakeCluster) -> None:
    async def main() -> None:
        async with Producer() as producer:
            await page["send_all"](producer, [b"one", b"two"])

    asyncio.run(main())
    assert {b"one", b"two"} <= set(every_client.bodies("orders"))


def test_a_function_for_each_message(
    page: dict[str, Any], every_client: FakeCluster
) -> None:
    async def main() -> None:
        async with asyncio.timeout(0.05):
            await page["consume"]("192.0.2.1:9876")

    every_client.put("orders", "more")
    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert sum(every_client.committed.values()) == 2


def test_waiting_for_a_while(page: dict[str, Any], every_client: FakeCluster) -> None:
    async def main() -> list[bytes | None]:
        async with Consumer(
            "waiting", {"orders": "*"}, start_from=StartFrom.FIRST
        ) as consumer:
            messages = aiter(consumer)
            return [await page["next_within"](messages, 0.01) for _ in range(2)]

    assert asyncio.run(main()) == [b"hello", None]
