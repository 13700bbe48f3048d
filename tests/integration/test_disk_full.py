"""A disk that is too full, as producers, consumers and operators see it."""

import json
import time
from pathlib import Path

from load import Sender, problems, read_topic
from processes import OurBroker, ask

from twistedmq.protocol.codes import RequestCode, ResponseCode

MORE_THAN_THERE_IS = 10**18


def told(broker: OurBroker, **settings: object) -> None:
    text = "\n".join(f"{name}={value}" for name, value in settings.items())
    code, *_ = ask(broker.address, RequestCode.UPDATE_BROKER_CONFIG, body=text.encode())
    assert code == ResponseCode.SUCCESS


def send(broker: OurBroker) -> tuple[int, str]:
    fields = {
        "producerGroup": "P",
        "topic": "Orders",
        "defaultTopic": "TBW102",
        "defaultTopicQueueNums": "4",
        "queueId": "0",
        "sysFlag": "0",
        "bornTimestamp": "0",
        "flag": "0",
        "properties": "",
    }
    code, remark, *_ = ask(broker.address, RequestCode.SEND_MESSAGE, fields, b"hello")
    return code, remark or ""


def send_until(broker: OurBroker, wanted: int) -> str:
    """Send until the answer has a code; gives its remark."""
    end = time.monotonic() + 20
    while True:
        code, remark = send(broker)
        if code == wanted:
            return remark
        assert time.monotonic() < end, (code, remark)


def test_sends_end_and_begin_again_with_the_room_and_reads_go_on(
    tmp_path: Path,
) -> None:
    with OurBroker(tmp_path / "data", settings={"diskCheckInterval": "100"}) as broker:
        sender = Sender(broker.address, "Before", count=100)
        sender.start()
        sender.join()
        told(broker, minFreeDiskBytes=MORE_THAN_THERE_IS)
        remark = send_until(broker, ResponseCode.SERVICE_NOT_AVAILABLE)
        assert str(broker.data / "store" / "commitlog") in remark
        assert "bytes free" in remark
        assert "minFreeDiskBytes" in remark
        assert problems(sender.acked, read_topic(broker.address, "Before")) == []
        *_, body = ask(broker.address, RequestCode.GET_BROKER_RUNTIME_INFO)
        figures = json.loads(body)["table"]
        assert 0 < float(figures["commitLogDiskRatio"]) <= 1
        assert figures["commitLogDirCapacity"].startswith("Total : ")
        told(broker, minFreeDiskBytes=0)
        send_until(broker, ResponseCode.SUCCESS)
        assert broker.output.count("messages are refused") == 1
        assert broker.output.count("messages are stored again") == 1
