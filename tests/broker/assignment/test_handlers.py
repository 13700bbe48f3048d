import json
from typing import Any

import pytest
from assignment_kit import FakeNameServers
from read_side import BROKER, ReadSide
from write_side import command_of, genuine_pairs

from twistedmq.broker.assignment.file import ModeFile
from twistedmq.broker.assignment.handlers import AssignmentHandlers
from twistedmq.broker.assignment.modes import RequestModes
from twistedmq.config.assignment import AssignmentConfig
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.json_file import AtomicJsonFile
from twistedmq.testing.connections import FakeConnection

QUERY = RequestCode.QUERY_ASSIGNMENT
SET_MODE = RequestCode.SET_MESSAGE_REQUEST_MODE
ALL_MODES = RequestCode.GET_ALL_MESSAGE_REQUEST_MODE


class Side(ReadSide):
    """The read side with shared-out queues."""

    def __init__(self, path: Any, **config: Any) -> None:
        super().__init__()
        self.config = Live(AssignmentConfig(**config))
        self.servers = FakeNameServers()
        modes = RequestModes(self.config)
        self.path = path / "messageRequestMode.json"
        file = ModeFile(self.clock, AtomicJsonFile(RealFiles(), self.path), modes)
        file.load()
        assignment = AssignmentHandlers(
            queues=self.servers.readable(self.clock, self.config),
            modes=modes,
            file=file,
            clients=self.clients,
            topics=self.topics,
            groups=self.groups,
            identity=self.identity,
            config=self.config,
        )
        self.handlers.update(assignment.table())

    def members(self, *names: str, group: str = "G", topic: str = "T") -> None:
        for name in names:
            self.heartbeat(group, {topic: "*"}, FakeConnection(), name)

    def query(self, **fields: Any) -> list[tuple[str, int, str]] | None:
        wish = {
            "topic": "T",
            "consumerGroup": "G",
            "clientId": "c1",
            "strategyName": "AVG",
            "messageModel": "CLUSTERING",
        } | fields
        return shown(self.ask(QUERY, body=json.dumps(wish).encode()))

    def choose(self, **fields: Any) -> list[Reply]:
        wish = {"topic": "T", "consumerGroup": "G", "mode": "POP"} | fields
        answers = self.begin(SET_MODE, body=json.dumps(wish).encode())
        self.clock.advance(0)
        return answers


def shown(reply: Reply) -> list[tuple[str, int, str]] | None:
    assert reply.code == 0, reply.remark
    found = loose_json.decode_any(reply.body).get("messageQueueAssignments")
    if found is None:
        return None
    return sorted(
        (each["messageQueue"]["brokerName"], each["messageQueue"]["queueId"], mode)
        for each in found
        for mode in [each["mode"]]
    )


@pytest.fixture
def side(tmp_path: Any) -> Side:
    side = Side(tmp_path)
    side.servers.topic("T", b1=2, b2=2)
    side.topic("T")
    return side


def test_genuine_requests_get_the_genuine_answers(side: Side) -> None:
    side.topic("TPop")
    side.topic("T1")
    side.servers.topic("TPop", **{"broker-a": 4})
    side.servers.topic("%RETRY%GMode", **{"broker-a": 1})
    side.members("192.0.2.2@cpop", group="GMode", topic="TPop")
    for name, code in (
        ("set_message_request_mode", SET_MODE),
        ("query_assignment", QUERY),
    ):
        for request, genuine in genuine_pairs(name):
            assert genuine is not None
            answers = side.begin(code, body=bytes(command_of(request).body))
            side.clock.advance(0)
            [ours] = answers
            assert ours.code == genuine["response_code"]
            if "body_json" in genuine:
                assert json.loads(ours.body) == genuine["body_json"]
    theirs = [answer for _, answer in genuine_pairs("get_all_message_request_mode")]
    wanted = [each["body_json"] for each in theirs if each and "TPop" in str(each)]
    assert json.loads(side.ask(ALL_MODES).body) == wanted[0]


def test_members_share_the_queues(side: Side) -> None:
    side.members("c1", "c2")
    assert side.query() == [("b1", 0, "PULL"), ("b1", 1, "PULL")]
    assert side.query(clientId="c2") == [("b2", 0, "PULL"), ("b2", 1, "PULL")]
    circle = side.query(strategyName="AVG_BY_CIRCLE")
    assert circle == [("b1", 0, "PULL"), ("b2", 0, "PULL")]


def test_a_stranger_gets_nothing(side: Side) -> None:
    side.members("c1")
    assert side.query(clientId="x") == side.query(clientId=None) == []


def test_what_cannot_be_told_is_no_list(side: Side) -> None:
    assert side.query() is None  # the group has no members
    side.members("c1")
    assert side.query(strategyName="CONSISTENT_HASH") is None
    assert side.query(strategyName=None) is None
    assert side.query(topic="UNKNOWN") is None
    side.servers.topic("EMPTY")
    assert side.query(topic="EMPTY") is None


def test_broadcasting_members_get_every_queue(side: Side) -> None:
    found = side.query(messageModel="BROADCASTING")
    assert found is not None
    assert len(found) == 4
    assert side.query(messageModel="BROADCASTING", topic="UNKNOWN") is None


def test_a_broker_may_leave_sharing_out_to_others(tmp_path: Any) -> None:
    side = Side(tmp_path, balance=False)
    side.servers.topic("T", b1=3)
    found = side.query()
    assert found is not None
    assert len(found) == 3


def test_a_light_queue_is_here_and_nowhere_else(side: Side) -> None:
    side.members("c1")
    assert side.query(topic="%LMQ%x") == [(BROKER, 0, "PULL")]
    assert side.servers.asked == []


def test_an_answer_may_wait_for_the_name_server(side: Side) -> None:
    side.members("c1")
    side.servers.slow = True
    wish = b'{"topic":"T","consumerGroup":"G","clientId":"c1",'
    wish += b'"strategyName":"AVG","messageModel":"CLUSTERING"}'
    answers = side.begin(QUERY, body=wish)
    assert answers == []
    side.servers.answer_now()
    assert len(shown(answers[0]) or ()) == 4


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "QueryAssignmentRequestBody"),
        (b"[1]", "QueryAssignmentRequestBody"),
        (b"{}", "topic"),
        (b'{"topic":"T"}', "consumerGroup"),
        (b'{"topic":"T","consumerGroup":"G"}', "messageModel"),
        (b'{"topic":"T","consumerGroup":"G","messageModel":"X"}', "messageModel"),
    ],
)
def test_a_question_that_makes_no_sense(side: Side, body: bytes, named: str) -> None:
    reply = side.ask(QUERY, body=body)
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert named in (reply.remark or "")


def test_a_group_that_pops_shares_with_so_many(side: Side) -> None:
    side.members("c1", "c2", "c3", "c4")
    [reply] = side.choose(popShareQueueNum=1)
    assert reply.code == 0
    assert side.query(clientId="c4") == [("b1", 0, "POP"), ("b2", 1, "POP")]
    [reply] = side.choose(popShareQueueNum=0)
    assert side.query(clientId="c4") == [("b1", -1, "POP"), ("b2", -1, "POP")]


def test_the_answer_to_a_choice_waits_for_the_disk(side: Side) -> None:
    wish = b'{"topic":"T","consumerGroup":"G","mode":"POP"}'
    answers = side.begin(SET_MODE, body=wish)
    assert answers == []
    assert not side.path.exists()
    side.clock.advance(0)
    assert answers[0].code == 0
    assert b'"G"' in side.path.read_bytes()


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"topic": "%RETRY%G"}, ResponseCode.NO_PERMISSION, "retry topic"),
        ({"topic": "X"}, ResponseCode.TOPIC_NOT_EXIST, "X"),
        ({"topic": None}, ResponseCode.SYSTEM_ERROR, "topic"),
        ({"consumerGroup": None}, ResponseCode.SYSTEM_ERROR, "consumerGroup"),
    ],
)
def test_a_choice_that_is_not_allowed(
    side: Side, fields: dict[str, Any], code: int, named: str
) -> None:
    [reply] = side.choose(**fields)
    assert reply.code == code
    assert named in (reply.remark or "")
    assert json.loads(side.ask(ALL_MODES).body) == {"messageRequestModeMap": {}}


def test_a_mode_that_nobody_knows_is_to_pull(side: Side) -> None:
    [reply] = side.choose(mode="PUSH")
    assert reply.code == 0
    assert b'"mode":"PULL"' in bytes(side.ask(ALL_MODES).body)


def test_a_group_that_may_not_be_made_on_the_fly(side: Side) -> None:
    side.group_defaults.value = type(side.group_defaults.value)(auto_create=False)
    [reply] = side.choose(consumerGroup="unheard-of")
    assert reply.code == ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST
