"""A web application: an order comes in by HTTP, a message tells of it, it is billed.

    uvicorn fastapi_app:app

Name servers: the environment variable NAMESRV_ADDR, or 127.0.0.1:9876.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from pydantic import BaseModel

from twistedmq.aio import Consumer, Message, Producer, ReceivedMessage, StartFrom


class Order(BaseModel):
    """What is ordered."""

    number: str
    amount: int


billed: dict[str, int] = {}
"""By order number; another application would have a database."""


async def bill(message: ReceivedMessage) -> None:
    """Bill one order; raising would have the message come again later."""
    order = Order.model_validate_json(message.body)
    billed[order.number] = order.amount


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the clients in the loop of the server, and close them in order."""
    consumer = Consumer("billing", {"orders": "*"}, start_from=StartFrom.FIRST)
    async with Producer("shop") as producer:
        app.state.producer = producer
        billing = asyncio.create_task(consumer.run(bill))
        yield
        await consumer.close()
        await billing


app = FastAPI(lifespan=lifespan)


@app.post("/orders", status_code=202)
async def order(order: Order, request: Request) -> dict[str, str]:
    """Take an order; it is safe as soon as the broker has said so."""
    producer: Producer = request.app.state.producer
    body = order.model_dump_json().encode()
    receipt = await producer.send(Message("orders", body, keys=order.number))
    return {"message": receipt.message_id}


@app.get("/billed")
async def list_billed() -> dict[str, int]:
    """Give what was billed here."""
    return billed
