import pytest
from twisted.internet.defer import Deferred
from write_side import WriteSide, command_of, genuine_pairs

from twistedmq.broker.groups.handlers import GroupHandlers
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    SubscriptionGroupConfig,
    SubscriptionGroupList,
    SubscriptionGroupWrapper,
)
from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.headers import (
    DeleteSubscriptionGroupRequestHeader,
    GetAllSubscriptionGroupRequestHeader,
    GetSubscriptionGroupConfigRequestHeader,
    UpdateGroupForbiddenRequestHeader,
)
from twistedmq.protocol.headers.base import Header
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.testing.connections import FakeConnection, make_request


class Admin:
    """Group handlers, and one who asks them."""

    def __init__(self) -> None:
        self.side = WriteSide()
        self.groups = self.side.groups
        self.forgotten: list[str] = []
        self.saved: Deferred[None] | None = None
        self.handlers = GroupHandlers(
            self.groups,
            self.side.topic_defaults,
            lambda: self.saved,
            [self.forgotten.append],
        )

    def ask(self, code: int, header: Header | None = None, body: bytes = b"") -> Reply:
        answer = self.handlers.table()[code](make_request(code, header, body))
        assert isinstance(answer, Reply)
        return answer


@pytest.fixture
def admin() -> Admin:
    return Admin()


def test_genuine_requests_get_the_genuine_answers(admin: Admin) -> None:
    dispatcher = Dispatcher(admin.handlers.table())
    for name in (
        "update_and_create_subscriptiongroup",
        "update_and_create_subscriptiongroup_list",
        "get_subscriptiongroup_config",
        "update_and_get_group_forbidden",
        "delete_subscriptiongroup",
    ):
        for request, answer in genuine_pairs(name):
            assert answer is not None
            buffers = dispatcher.answer(command_of(request), FakeConnection())
            assert not isinstance(buffers, Deferred)
            ours = decode_command(b"".join(buffers)[4:])
            assert ours.code == answer["response_code"], request["header"]
            if "body_json" in answer:
                assert loose_json.decode_any(ours.body) == answer["body_json"]


def test_a_group_is_created_and_changed(admin: Admin) -> None:
    code = RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP
    for times in (3, 4):
        wished = SubscriptionGroupConfig(group_name="g", retry_max_times=times)
        admin.ask(code, body=loose_json.encode(wished))
        assert admin.groups.peek("g") == wished


def test_the_answer_waits_until_the_change_is_on_disk(admin: Admin) -> None:
    admin.saved = Deferred()
    body = loose_json.encode(SubscriptionGroupConfig(group_name="g"))
    code = RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP
    answer = admin.handlers.update(make_request(code, None, body))
    assert isinstance(answer, Deferred)
    assert not answer.called
    admin.saved.callback(None)
    assert answer.called


def test_of_a_list_all_or_none_pass_the_checks(admin: Admin) -> None:
    def body(*names: str) -> bytes:
        configs = [SubscriptionGroupConfig(group_name=name) for name in names]
        return loose_json.encode(SubscriptionGroupList(group_config_list=configs))

    code = RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST
    with pytest.raises(InvalidParameterError, match="illegal characters"):
        admin.ask(code, body=body("g1", "bad one"))
    assert "g1" not in admin.groups
    wide = SubscriptionGroupConfig(group_name="g2", retry_queue_nums=2**31 - 1)
    both = [SubscriptionGroupConfig(group_name="g1"), wide]
    text = loose_json.encode(SubscriptionGroupList(group_config_list=both))
    with pytest.raises(InvalidParameterError, match="retryQueueNums of group g2"):
        admin.ask(code, body=text)
    assert "g1" not in admin.groups
    admin.ask(code, body=body("g1", "g2"))
    assert {"g1", "g2"} <= set(admin.groups)


def test_offsets_go_with_a_group_only_when_asked(admin: Admin) -> None:
    code = RequestCode.DELETE_SUBSCRIPTIONGROUP
    for name, clean in (("g1", False), ("g2", True)):
        admin.groups.get(name)
        header = DeleteSubscriptionGroupRequestHeader(
            group_name=name, clean_offset=clean
        )
        admin.ask(code, header)
        assert name not in admin.groups
    assert admin.forgotten == ["g2"]


def test_a_group_that_may_not_be_created_is_told_as_unknown(admin: Admin) -> None:
    admin.side.group_defaults.replace(auto_create=False)
    header = GetSubscriptionGroupConfigRequestHeader(group="g")
    answer = admin.ask(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, header)
    assert (answer.code, answer.remark) == (26, "No group in this broker")


def test_whether_a_group_may_read_can_be_asked_without_a_change(admin: Admin) -> None:
    code = RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN
    before = admin.groups.data_version
    answer = admin.ask(code, UpdateGroupForbiddenRequestHeader(group="g", topic="T"))
    assert loose_json.decode_any(bytes(answer.body))["readable"] is True  # type: ignore[arg-type]
    assert admin.groups.data_version == before


def test_all_groups_at_once_and_in_pages(admin: Admin) -> None:
    admin.groups.set_may_read("TOOLS_CONSUMER", "T", False)
    code = RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG

    def read(answer: Reply) -> SubscriptionGroupWrapper:
        assert isinstance(answer.body, bytes)
        return loose_json.decode(answer.body, type=SubscriptionGroupWrapper)

    whole = read(admin.ask(code))
    assert whole.subscription_group_table == admin.groups.snapshot()
    assert whole.forbidden_table == admin.groups.forbidden()
    header = GetAllSubscriptionGroupRequestHeader(group_seq=0, max_group_num=2)
    page = read(admin.ask(code, header))
    assert len(page.subscription_group_table) == 2
    assert page.forbidden_table == {}
    assert page.data_version == admin.groups.data_version
