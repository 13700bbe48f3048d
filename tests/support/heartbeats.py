"""Heartbeats and topics as a client makes them, over the wire."""

import json

from processes import ask

from twistedmq.protocol.codes import RequestCode


def heartbeat(member: str, group: str, topic: str, model: str = "CLUSTERING") -> bytes:
    """Give the body of a heartbeat: *member* of *group* wants all of *topic*."""
    subscription = {
        "topic": topic,
        "subString": "*",
        "expressionType": "TAG",
        "subVersion": 1,
        "tagsSet": [],
        "codeSet": [],
        "classFilterMode": False,
    }
    consumer = {
        "groupName": group,
        "consumeType": "CONSUME_PASSIVELY",
        "messageModel": model,
        "consumeFromWhere": "CONSUME_FROM_FIRST_OFFSET",
        "subscriptionDataSet": [subscription],
        "unitMode": False,
    }
    beat = {"clientID": member, "consumerDataSet": [consumer], "producerDataSet": []}
    return json.dumps(beat).encode()


def make_topic(address: str, topic: str, queues: int, attributes: str = "") -> None:
    """Have a broker make a topic."""
    fields = {
        "topic": topic,
        "defaultTopic": "TBW102",
        "readQueueNums": str(queues),
        "writeQueueNums": str(queues),
        "perm": "6",
        "topicFilterType": "SINGLE_TAG",
        "topicSysFlag": "0",
        "order": "false",
    }
    if attributes:
        fields["attributes"] = attributes
    code, remark, _, _ = ask(address, RequestCode.UPDATE_AND_CREATE_TOPIC, fields)
    assert code == 0, remark
