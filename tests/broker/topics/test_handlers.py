import pytest
from twisted.internet.defer import Deferred
from write_side import WriteSide, command_of, genuine_pairs

from twistedmq.broker.topics.handlers import TopicHandlers
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    CreateTopicListRequestBody,
    TopicConfig,
    TopicConfigAndMappingSerializeWrapper,
)
from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.errors import InvalidParameterError, TwistedMQError
from twistedmq.protocol.headers import (
    CreateTopicRequestHeader,
    DeleteTopicRequestHeader,
    GetAllTopicConfigRequestHeader,
    GetTopicConfigRequestHeader,
)
from twistedmq.protocol.headers.base import Header
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.testing.connections import FakeConnection, make_request


class Admin:
    """Topic handlers, and one who asks them."""

    def __init__(self) -> None:
        self.side = WriteSide()
        self.topics = self.side.topics
        self.forgotten: list[str] = []
        self.saved: Deferred[None] | None = None
        self.handlers = TopicHandlers(
            self.topics,
            self.side.topic_defaults,
            lambda: self.saved,
            [self.forgotten.append],
            lambda _topic: ["g"],
        )

    def ask(
        self, code: int, header: Header | None = None, body: bytes = b""
    ) -> Reply | Deferred[Reply]:
        return self.handlers.table()[code](make_request(code, header, body))

    def create(self, topic: str, **fields: object) -> Reply | Deferred[Reply]:
        values = {
            "default_topic": "TBW102",
            "read_queue_nums": 2,
            "write_queue_nums": 2,
            "perm": 6,
            "topic_filter_type": "SINGLE_TAG",
        }
        header = CreateTopicRequestHeader(topic=topic, **values | fields)  # type: ignore[arg-type]
        return self.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, header)


@pytest.fixture
def admin() -> Admin:
    return Admin()


def reply_of(answer: Reply | Deferred[Reply]) -> Reply:
    assert isinstance(answer, Reply)
    return answer


def test_genuine_requests_get_the_genuine_codes(admin: Admin) -> None:
    dispatcher = Dispatcher(admin.handlers.table())
    admin.topics.create_if_absent("T1", 4)
    for name in (
        "update_and_create_topic",
        "update_and_create_topic_list",
        "get_topic_config",
        "delete_topic_in_broker",
    ):
        for request, answer in genuine_pairs(name):
            assert answer is not None
            command = command_of(request)
            ours = answer_of(dispatcher, command)
            assert ours.code == answer["response_code"], request["header"]
            if answer["response_code"] > 1:
                assert ours.remark == answer["header"]["remark"]
            if "body_json" in answer and command.fields["topic"] == "T1":
                assert loose_json.decode_any(ours.body) == answer["body_json"]


def answer_of(dispatcher: Dispatcher, command: Command) -> Command:
    buffers = dispatcher.answer(command, FakeConnection())
    assert not isinstance(buffers, Deferred)
    return decode_command(b"".join(buffers)[4:])


def test_a_topic_is_created_and_changed(admin: Admin) -> None:
    assert reply_of(admin.create("T", attributes="+message.type=FIFO")).code == 0
    reply_of(admin.create("T", write_queue_nums=1, order=True, topic_sys_flag=1))
    assert admin.topics.get("T") == TopicConfig(
        topic_name="T",
        read_queue_nums=2,
        write_queue_nums=1,
        order=True,
        topic_sys_flag=1,
        attributes={"message.type": "FIFO"},
    )


def test_the_answer_waits_until_the_change_is_on_disk(admin: Admin) -> None:
    admin.saved = Deferred()
    answer = admin.create("T")
    assert isinstance(answer, Deferred)
    assert not answer.called
    admin.saved.callback(None)
    assert answer.result.code == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("topic", "fields", "problem"),
    [
        ("", {}, "The specified topic is blank."),
        ("bad topic!", {}, "illegal characters"),
        ("x" * 128, {}, "longer than topic max length: 127"),
        ("TBW102", {}, "conflict with system topic"),
        ("broker-a", {}, "conflict with system topic"),
        ("T", {"write_queue_nums": -1}, "is -1, allowed is 0 to 65536"),
        ("T", {"attributes": "+message.type=MIXED"}, "MIXED message type"),
        ("T", {"attributes": "+cleanup.policy=COMPACTION"}, "not supported by this"),
    ],
)
def test_what_is_not_allowed_is_refused(
    admin: Admin, topic: str, fields: dict[str, object], problem: str
) -> None:
    before = admin.topics.data_version
    with pytest.raises(InvalidParameterError, match=problem):
        admin.create(topic, **fields)
    assert admin.topics.data_version == before


def test_a_filter_type_must_be_one(admin: Admin) -> None:
    with pytest.raises(TwistedMQError, match="topicFilterType is 'NO_TAG'"):
        admin.create("T", topic_filter_type="NO_TAG")


def test_system_topics_can_be_unprotected(admin: Admin) -> None:
    admin.side.topic_defaults.replace(protect_system_topics=False)
    reply_of(admin.create("TBW102", write_queue_nums=3, perm=7))
    config = admin.topics.get("TBW102")
    assert config is not None
    assert config.write_queue_nums == 3


def test_of_a_list_all_or_none_pass_the_checks(admin: Admin) -> None:
    def body(*names: str) -> bytes:
        configs = [TopicConfig(topic_name=name) for name in names]
        return loose_json.encode(CreateTopicListRequestBody(topic_config_list=configs))

    code = RequestCode.UPDATE_AND_CREATE_TOPIC_LIST
    with pytest.raises(InvalidParameterError):
        admin.ask(code, body=body("T1", "TBW102"))
    assert "T1" not in admin.topics
    loud = TopicConfig(topic_name="T2", attributes={"+message.type": "LOUD"})
    wide = TopicConfig(topic_name="T2", write_queue_nums=2**31 - 1)
    for wrong in (loud, wide):
        both = [TopicConfig(topic_name="T1"), wrong]
        text = loose_json.encode(CreateTopicListRequestBody(topic_config_list=both))
        with pytest.raises(TwistedMQError, match=r"LOUD|writeQueueNums of topic T2"):
            admin.ask(code, body=text)
    assert "T1" not in admin.topics
    reply_of(admin.ask(code, body=body("T1", "T2")))
    reply_of(admin.ask(code, body=body("T1", "T3")))
    assert {"T1", "T2", "T3"} <= set(admin.topics)


def test_a_topic_goes_with_all_that_belongs_to_it(admin: Admin) -> None:
    for topic in ("T", "%RETRY%g+T", "%RETRY%g"):
        admin.topics.create_if_absent(topic)
    header = DeleteTopicRequestHeader(topic="T")
    reply_of(admin.ask(RequestCode.DELETE_TOPIC_IN_BROKER, header))
    assert admin.forgotten == ["T", "%RETRY%g+T"]
    assert "T" not in admin.topics
    assert "%RETRY%g" in admin.topics


@pytest.mark.parametrize("topic", [" ", "TBW102"])
def test_some_topics_cannot_be_deleted(admin: Admin, topic: str) -> None:
    with pytest.raises(InvalidParameterError):
        admin.ask(
            RequestCode.DELETE_TOPIC_IN_BROKER, DeleteTopicRequestHeader(topic=topic)
        )
    assert admin.forgotten == []


def test_an_unknown_topic_is_told_as_such(admin: Admin) -> None:
    header = GetTopicConfigRequestHeader(topic="T")
    answer = reply_of(admin.ask(RequestCode.GET_TOPIC_CONFIG, header))
    assert (answer.code, answer.remark) == (17, "No topic in this broker. topic: T")


def read(answer: Reply) -> TopicConfigAndMappingSerializeWrapper:
    assert not isinstance(answer.body, list)
    return loose_json.decode(answer.body, type=TopicConfigAndMappingSerializeWrapper)


def test_all_topics_at_once(admin: Admin) -> None:
    answer = reply_of(admin.ask(RequestCode.GET_ALL_TOPIC_CONFIG))
    wrapper = read(answer)
    assert wrapper.topic_config_table == admin.topics.snapshot()
    assert wrapper.data_version == admin.topics.data_version
    assert answer.header.total_topic_num == len(admin.topics)  # type: ignore[union-attr]


def test_older_programs_ask_for_all_topics_without_any_field(admin: Admin) -> None:
    dispatcher = Dispatcher(admin.handlers.table())
    command = Command(code=RequestCode.GET_ALL_TOPIC_CONFIG)
    answer = answer_of(dispatcher, command)
    assert answer.code == 0
    assert answer.fields == {"totalTopicNum": str(len(admin.topics))}


def test_all_topics_in_pages(admin: Admin) -> None:
    version = loose_json.encode(admin.topics.data_version).decode()
    seen: dict[str, TopicConfig] = {}
    while len(seen) < len(admin.topics):
        header = GetAllTopicConfigRequestHeader(
            topic_seq=len(seen), data_version=version, max_topic_num=3
        )
        answer = reply_of(admin.ask(RequestCode.GET_ALL_TOPIC_CONFIG, header))
        table = read(answer).topic_config_table
        assert len(table) <= 3
        seen |= table
    assert seen == admin.topics.snapshot()
