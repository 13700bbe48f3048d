import json

from admin_kit import mqadmin
from verbs_kit import busy_cluster


def test_all_producers_of_a_broker() -> None:
    cluster = busy_cluster()
    said = mqadmin(cluster, "producer -b 127.0.0.1:10911")
    assert said.out == (
        "producer group (shop) instance : clientId=c1,remoteIP=/192.0.2.1:4711, "
        "language=PYTHON, version=493, lastUpdateTimestamp=1700000000000\n"
    )
    found = json.loads(mqadmin(cluster, "producer -b 127.0.0.1:10911 --json").out)
    assert found["shop"][0]["address"] == "192.0.2.1:4711"
    assert found["shop"][0]["version"] == "V5_4_0"


def test_the_members_of_a_producer_group() -> None:
    cluster = busy_cluster()
    said = mqadmin(cluster, "producerConnection -g shop -t T")
    assert said.out == (
        "0001  c1                               192.0.2.1:4711         "
        "PYTHON   V5_4_0\n"
    )
    [found] = json.loads(mqadmin(cluster, "producerConnection -g shop -t T --json").out)
    assert found["client_id"] == "c1"
    assert mqadmin(cluster, "producerConnection -g nobody -t T").status == 3
