"""A plain script: sends three messages and reads them back.

    python plain_script.py

Name servers: the environment variable NAMESRV_ADDR, or 127.0.0.1:9876.
"""

import asyncio

from twistedmq.aio import Consumer, Message, Producer, StartFrom


async def main() -> None:
    """Send, then read."""
    async with Producer("scripts") as producer:
        sends = [
            producer.send(Message("greetings", f"hello {n}".encode())) for n in range(3)
        ]
        for receipt in await asyncio.gather(*sends):
            print("sent", receipt.message_id, receipt.durability.name)

    seen = 0
    async with Consumer(
        "readers", {"greetings": "*"}, start_from=StartFrom.FIRST
    ) as consumer:
        async for message in consumer:  # asking for the next one acks this one
            print("got", message.body.decode())
            seen += 1
            if seen == 3:
                break  # and the clean exit acks the last one


asyncio.run(main())
