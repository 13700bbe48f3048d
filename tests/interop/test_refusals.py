"""What a broker and a name server refuse, and how: ours and the genuine ones."""

import json
import re
from typing import Any

from processes import OurBroker, ask

from twistedmq.broker.admin.unserved import NO_REMARK_SET

TOPIC = {
    "topic": "RT1",
    "defaultTopic": "TBW102",
    "readQueueNums": "1",
    "writeQueueNums": "1",
    "perm": "6",
    "topicFilterType": "SINGLE_TAG",
    "topicSysFlag": "0",
    "order": "false",
}
PULL = {
    "consumerGroup": "RG1",
    "topic": "RT1",
    "queueId": "0",
    "queueOffset": "0",
    "maxMsgNums": "1",
    "sysFlag": "4",
    "commitOffset": "0",
    "suspendTimeoutMillis": "0",
    "subscription": "*",
    "subVersion": "0",
}
RESET = {"topic": "RT1", "group": "RG1", "timestamp": "-1", "isForce": "true"}
COMMIT = {"consumerGroup": "RG1", "topic": "RT1", "queueId": "0", "commitOffset": "0"}
NOWHERE = {"topic": "nothere", "queueId": "0"}
BROKER = {
    "brokerName": "nobody",
    "brokerAddr": "1.2.3.4:1",
    "clusterName": "c",
    "brokerId": "0",
}
KEY = {"namespace": "n", "key": "k"}

Case = tuple[int, dict[str, str], Any]
"""Code, fields, and the body: bytes, or what becomes JSON."""

OF_BROKER: list[Case] = [
    (17, TOPIC, b""),
    *((17, TOPIC | {"topic": name}, b"") for name in ("bad/x", "", " ", "x" * 128)),
    *((17, TOPIC | {"topic": name}, b"") for name in ("TBW102", "SCHEDULE_TOPIC_XXXX")),
    *(
        (17, TOPIC | {"attributes": changes}, b"")
        for changes in ("-queue.type", "+a=b", "nonsense", "a", "+queue.type=BatchCQ")
    ),
    (17, TOPIC | {"topic": "RT5", "attributes": "+message.type=MIXED"}, b""),
    (18, {}, {"topicConfigList": []}),
    (18, {}, {"topicConfigList": [{"topicName": "RL1"}, {"topicName": "bad/"}]}),
    (18, {}, {"topicConfigList": [{"topicName": ""}]}),
    *((351, {"topic": name}, b"") for name in ("RL1", "nothere", "")),
    *((215, {"topic": name}, b"") for name in ("", "TBW102", "nothere")),
    (202, {"topic": "nothere"}, b""),
    *((200, {}, {"groupName": name}) for name in ("bad%g", "", "x" * 256, "RG1")),
    (200, {}, {}),
    (225, {}, {"groupConfigList": []}),
    (225, {}, {"groupConfigList": [{"groupName": "bad%"}]}),
    (207, {"groupName": "nothere"}, b""),
    (207, {"groupName": "nothere", "cleanOffset": "true"}, b""),
    (352, {"group": "x%y"}, b""),
    (203, {"consumerGroup": "nothere"}, b""),
    (204, {"producerGroup": "nothere"}, b""),
    (208, {"consumerGroup": "nothere"}, b""),
    (208, {"consumerGroup": "nothere", "topic": "nothere"}, b""),
    (307, {"consumerGroup": "no", "clientId": "c", "jstackEnable": "false"}, b""),
    (222, RESET | {"topic": "nothere"}, b""),
    (222, RESET | {"group": "nothere"}, b""),
    (222, RESET | {"queueId": "0", "offset": "99"}, b""),
    (222, RESET | {"queueId": "77", "offset": "0"}, b""),
    (300, {"topic": "nothere"}, b""),
    (343, {"group": "nothere"}, b""),
    (345, {"group": "nothere", "topic": "nothere"}, b""),
    (303, {"topic": "nothere", "group": "RG1"}, b""),
    (308, {"topic": "nothere", "compareGroup": "g", "filterGroups": ""}, b""),
    (314, {"srcGroup": "no", "destGroup": "d", "topic": "no", "offline": "true"}, b""),
    (315, {"statsName": "TOPIC_PUT_NUMS", "statsKey": "nothere"}, b""),
    (315, {"statsName": "NOPE", "statsKey": "x"}, b""),
    (321, NOWHERE | {"index": "0", "count": "1"}, b""),
    (353, {"group": "RG1", "topic": "RT1"}, b""),
    (14, NOWHERE | {"consumerGroup": "nothere"}, b""),
    (14, COMMIT | {"queueId": "5"}, b""),
    (14, COMMIT | {"queueId": "5", "setZeroIfNotFound": "false"}, b""),
    (15, COMMIT | {"consumerGroup": "nothere"}, b""),
    (15, COMMIT | {"topic": "nothere"}, b""),
    (29, NOWHERE | {"timestamp": "1"}, b""),
    *((code, NOWHERE, b"") for code in (30, 31, 32)),
    # Not in the middle of a message: what is there, the genuine broker may give.
    *((33, {"offset": offset}, b"") for offset in ("999999999999", "-1")),
    (
        12,
        {
            "topic": "nothere",
            "key": "k",
            "maxNum": "3",
            "beginTimestamp": "0",
            "endTimestamp": "9999999999999",
        },
        b"",
    ),
    (38, {"consumerGroup": "nothere"}, b""),
    (35, {"clientID": "c", "consumerGroup": "no", "producerGroup": "no"}, b""),
    (25, {}, b"brokerConfigPath=x\n"),
    (25, {}, b""),
    (11, PULL | {"topic": "nothere"}, b""),
    (11, PULL | {"queueId": "9"}, b""),
    (11, PULL | {"sysFlag": "0"}, b""),
    (41, {}, {"consumerGroup": "g", "clientId": "c", "mqSet": []}),
    (401, {}, {"topic": "%RETRY%x", "consumerGroup": "g", "mode": "POP"}),
    (355, {"configType": "topics"}, b""),
    *((5001, fields, b"") for fields in ({}, {"E_T": "F"}, {"E_T": "R"})),
    *((2004, {"READ_AHEAD_MODE": mode}, b"") for mode in ("0", "7", "x")),
    *((code, {}, b"") for code in (354, 907, 908, 1007, 200056)),
    *((code, {}, b"") for code in (13, 22, 47, 105, 209, 302, 1001, 9999)),
]
OF_NAME_SERVER: list[Case] = [
    *((105, {"topic": name}, b"") for name in ("nothere", "")),
    (205, {"brokerName": "nobody"}, b""),
    (327, {"brokerName": "nobody"}, b""),
    (101, KEY, b""),
    (102, KEY, b""),
    (100, KEY | {"value": "v"}, b""),
    (101, KEY, b""),
    (102, KEY, b""),
    (219, {"namespace": "nothere"}, b""),
    (224, {"cluster": "nothere"}, b""),
    (216, {"topic": "nothere"}, b""),
    (216, {"topic": "nothere", "clusterName": "nothere"}, b""),
    (217, {"topic": "nothere"}, b""),
    (901, {"clusterName": "c", "brokerName": "nobody"}, b""),
    *((code, BROKER, b"") for code in (104, 322, 904)),
    (318, {}, b"kvConfigPath=x\n"),
    (318, {}, b""),
    *((code, {}, b"") for code in (13, 17, 28, 329, 1001, 9999)),
]


def said(address: str, case: Case) -> tuple[int, str, list[str]]:
    """Give the code, the remark and the names of the fields that answer *case*."""
    code, fields, content = case
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    answer, remark, more, _ = ask(address, code, fields, body)
    words = re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", remark or "")
    if answer == 0 and words == NO_REMARK_SET:
        words = ""
    return answer, words, sorted(more)


def differences(theirs: str, mine: str, cases: list[Case]) -> list[object]:
    both = [(case, said(theirs, case), said(mine, case)) for case in cases]
    return [each for each in both if each[1] != each[2]]


def test_a_broker_refuses_in_the_genuine_words(genuine: Any, ours: OurBroker) -> None:
    assert differences(genuine.address, ours.address, OF_BROKER) == []


def test_a_name_server_does(genuine: Any, ours: OurBroker) -> None:
    assert differences(genuine.namesrv, ours.namesrv, OF_NAME_SERVER) == []
