from msgspec.structs import replace

from twistedmq.admin.resending import Resent
from twistedmq.app.mqadmin.send_results import resent_text, sent_text, sent_value
from twistedmq.client.message import Receipt, SendStatus
from twistedmq.protocol.bodies.queues import MessageQueue

QUEUE = MessageQueue("T", "b", 3)
RECEIPT = Receipt(message_id="U", offset_message_id="O", queue=QUEUE, queue_offset=7)
WHERE = (
    "msgId=U, offsetMsgId=O, messageQueue=MessageQueue [topic=T, brokerName=b, "
    "queueId=3], queueOffset=7, recallHandle={}]"
)


def test_what_came_of_a_send() -> None:
    text = f"SendResult [sendStatus=SEND_OK, {WHERE.format('null')}"
    assert sent_text(RECEIPT) == text
    slow = replace(RECEIPT, status=SendStatus.FLUSH_DISK_TIMEOUT)
    assert sent_text(slow).startswith("SendResult [sendStatus=FLUSH_DISK_TIMEOUT, ")
    assert sent_value(slow)["status"] == "FLUSH_DISK_TIMEOUT"
    resent = Resent("U", "O", QUEUE, 7, "handle")
    text = f"SendResult [sendStatus=SEND_OK, {WHERE.format('handle')}"
    assert resent_text(resent) == text
    assert sent_value(resent)["queue_offset"] == 7
