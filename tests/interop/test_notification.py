"""Being told of a message that may be popped, as the genuine broker tells it."""

import threading
import time
from typing import Any

from heartbeats import make_topic
from load import Sender
from processes import Line, ask

from twistedmq.protocol.codes import RequestCode

GROUP = "Notified"
QUEUES = 2


def notify(
    address: str, topic: str, queue_id: int = -1, poll_ms: int = 300, **more: str
) -> tuple[int, str | None, dict[str, str]]:
    fields = {
        "consumerGroup": GROUP,
        "topic": topic,
        "queueId": str(queue_id),
        "pollTime": str(poll_ms),
        "bornTime": str(time.time_ns() // 1_000_000),
        "order": "false",
    }
    with Line(address) as line:
        return line.ask(RequestCode.NOTIFICATION, fields | more)[:3]


def send(address: str, topic: str) -> None:
    sender = Sender(address, topic, first=0, count=1, queues=1, size=10)
    sender.start()
    sender.join()
    assert len(sender.acked) == 1


def told_while_waiting(address: str, topic: str) -> Any:
    """Give what is told to one who waits when the message comes."""
    told: list[Any] = []
    waiting = threading.Thread(
        target=lambda: told.append(notify(address, topic, poll_ms=15_000))
    )
    started = time.monotonic()
    waiting.start()
    while pending(address, topic) is None:  # the broker is asked over another line
        time.sleep(0.02)
    time.sleep(0.2)
    send(address, topic)
    waiting.join()
    assert time.monotonic() - started < 10
    return told[0]


def pending(address: str, topic: str) -> dict[str, str] | None:
    fields = {"consumerGroup": GROUP, "topic": topic, "queueId": "-1"}
    code, _, answer, _ = ask(address, RequestCode.POLLING_INFO, fields)
    return answer if code == 0 else None


def story(address: str) -> list[Any]:
    """Give all answers; they hold nothing that differs from broker to broker."""
    topic, other = "NotifiedOf", "NotifiedOfNothing"
    make_topic(address, topic, QUEUES)
    make_topic(address, other, QUEUES)
    answers: list[Any] = [notify(address, topic), pending(address, topic)]
    answers.append(told_while_waiting(address, topic))
    answers += [notify(address, topic, queue_id) for queue_id in (-1, 0, 1)]
    answers.append(notify(address, topic, order="true"))
    answers.append(notify(address, other, poll_ms=0))
    answers.append(notify(address, topic, QUEUES)[0])
    answers.append(notify(address, "NoSuchTopic")[:2])
    return answers


def test_the_same_is_told(genuine: Any, ours: Any) -> None:
    wanted = story(genuine.address)
    assert [wanted[n][2]["hasMsg"] for n in (0, 2, 7)] == ["false", "true", "false"]
    assert story(ours.address) == wanted
