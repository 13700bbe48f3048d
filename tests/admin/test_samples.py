import pytest
from admin_kit import told
from client_kit import NAME_SERVER, held, result_of
from loads_kit import BusyCluster
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from twistedmq.admin.client import Admin
from twistedmq.admin.samples import Samples
from twistedmq.client.errors import NoNameServerError
from twistedmq.protocol.codes import RequestCode, ResponseCode

FIRST, SECOND = "192.0.2.10:10911", "192.0.2.11:10911"


@pytest.fixture
def cluster() -> BusyCluster:
    return BusyCluster(brokers=2)


@pytest.fixture
def samples(cluster: BusyCluster) -> Samples:
    return result_of(Admin(settings=cluster.settings()).start()).samples


def test_all_brokers_are_asked(cluster: BusyCluster, samples: Samples) -> None:
    sample = result_of(samples.take())
    assert [each.place.name for each in sample.brokers] == ["broker-0", "broker-1"]
    first = sample.brokers[0]
    assert first.figures["brokerVersionDesc"] == "V5_4_0"
    assert {topic: each.stored for topic, each in first.topics.items()} == {
        "orders": 100,
        "%RETRY%billing": 4,
        "quiet": 7,
        "broker-0": 9,
    }
    billing = first.groups["billing"]
    assert billing.consumed == 60
    assert billing.lag == {"orders": 40, "%RETRY%billing": 4}


def test_only_topics_that_nobody_consumes_are_asked_for(
    cluster: BusyCluster, samples: Samples
) -> None:
    result_of(samples.take())
    asked = [h.topic for _, h in cluster.asked(RequestCode.GET_TOPIC_STATS_INFO)]
    assert sorted(set(asked)) == ["broker-0", "quiet"]


def test_a_broker_that_is_down_says_so(cluster: BusyCluster, samples: Samples) -> None:
    cluster.down.add(SECOND)
    first, second = result_of(samples.take()).brokers
    assert first.error is None
    assert "it is down" in (second.error or "")
    assert second.topics == second.figures == {}


def test_a_broker_that_is_silent_is_not_waited_for(
    cluster: BusyCluster, samples: Samples
) -> None:
    cluster.serve[RequestCode.GET_BROKER_RUNTIME_INFO] = lambda *_: Deferred()
    del cluster.answers[RequestCode.GET_BROKER_RUNTIME_INFO]
    taken = held(samples.take())
    cluster.clock.advance(3)
    assert [each.error for each in taken[0].brokers] == ["no answer in 3 s"] * 2


def test_what_a_broker_does_not_tell_is_left_out(
    cluster: BusyCluster, samples: Samples
) -> None:
    code = RequestCode.GET_BROKER_CONSUME_STATS
    cluster.refuse[code] = ResponseCode.SYSTEM_BUSY, "busy"
    first = result_of(samples.take()).brokers[0]
    assert first.error is None
    assert "busy" in (first.incomplete or "")
    assert first.figures["putTps"]


@pytest.mark.parametrize(
    ("refusal", "left"),
    [(ResponseCode.TOPIC_NOT_EXIST, True), (ResponseCode.SYSTEM_BUSY, False)],
)
def test_a_topic_that_was_deleted_meanwhile_is_left_out(
    cluster: BusyCluster, samples: Samples, refusal: int, left: bool
) -> None:
    cluster.refuse[RequestCode.GET_TOPIC_STATS_INFO] = refusal, "no"
    first = result_of(samples.take()).brokers[0]
    assert ("orders" in first.topics) == left
    assert (first.incomplete is None) == left
    assert "quiet" not in first.topics
    assert "billing" in first.groups


def test_an_answer_that_is_nonsense_is_told(
    cluster: BusyCluster, samples: Samples
) -> None:
    cluster.answers[RequestCode.GET_BROKER_RUNTIME_INFO] = told(b"{{{")
    assert result_of(samples.take()).brokers[0].error


def test_a_broker_that_no_name_server_knows_any_more_is_asked_all_the_same(
    cluster: BusyCluster, samples: Samples
) -> None:
    before = result_of(samples.take())
    cluster.addresses = {"broker-0": FIRST}
    cluster.answers[RequestCode.GET_BROKER_CONSUME_STATS] = told(b"{}")
    cluster.answers[RequestCode.GET_ALL_TOPIC_CONFIG] = told(b"{}")
    again = result_of(samples.take(before))
    assert [each.is_registered for each in again.brokers] == [True, False]
    cluster.down.add(SECOND)
    third = result_of(samples.take(again))
    assert [each.error is None for each in third.brokers] == [True, False]
    assert not third.brokers[1].is_registered


def test_without_a_name_server_the_brokers_are_still_known(
    cluster: BusyCluster, samples: Samples
) -> None:
    before = result_of(samples.take())
    cluster.down.add(NAME_SERVER)
    again = result_of(samples.take(before))
    assert "no name server answers" in (again.error or "")
    assert all(each.is_registered and not each.error for each in again.brokers)


def test_without_a_name_server_nothing_is_known_at_first(
    cluster: BusyCluster, samples: Samples
) -> None:
    cluster.down.add(NAME_SERVER)
    with pytest.raises(NoNameServerError):
        result_of(samples.take())


@pytest.mark.parametrize(
    "code",
    [
        RequestCode.GET_BROKER_CLUSTER_INFO,
        RequestCode.GET_BROKER_RUNTIME_INFO,
        RequestCode.GET_TOPIC_STATS_INFO,
    ],
)
def test_it_can_be_cancelled(cluster: BusyCluster, samples: Samples, code: int) -> None:
    before = result_of(samples.take())
    cluster.answers.pop(code, None)
    cluster.serve[code] = lambda *_: Deferred()
    taking = samples.take(before)
    taken = held(taking)
    taking.cancel()
    [failure] = taken
    assert isinstance(failure, Failure)
    assert failure.check(CancelledError)
