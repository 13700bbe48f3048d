import pytest
from admin_kit import AdminCluster, mqadmin, told

from twistedmq.protocol.codes import RequestCode

BOTH = ["192.0.2.10:10911", "192.0.2.11:10911"]


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ("cleanExpiredCQ", RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE),
        ("cleanUnusedTopic", RequestCode.CLEAN_UNUSED_TOPIC),
        ("deleteExpiredCommitLog", RequestCode.DELETE_EXPIRED_COMMITLOG),
    ],
)
@pytest.mark.parametrize(
    ("where", "asked"),
    [("", BOTH), ("-c DefaultCluster", BOTH), (f"-b {BOTH[1]}", BOTH[1:])],
)
def test_brokers_are_told_to_tidy_up(
    verb: str, code: RequestCode, where: str, asked: list[str]
) -> None:
    cluster = AdminCluster(brokers=2)
    cluster.answers[code] = told()
    assert mqadmin(cluster, f"{verb} {where}") == (0, "success", "")
    assert [address for address, _ in cluster.asked(code)] == asked


def test_a_cluster_that_is_not_there_is_told(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, "cleanUnusedTopic -c nowhere")
    assert (said.status, said.out) == (3, "")
