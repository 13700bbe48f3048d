from namesrv_kit import NameServer, topics

from twistedmq.namesrv.figures import NamesrvFigures


def test_brokers_and_routes_are_counted() -> None:
    server = NameServer().start()
    server.register(*topics("T", "U"))
    server.register(*topics("T"), broker_name="b", broker_addr="10.0.0.2:10911")
    server.register(
        *topics("T"), broker_name="b", broker_addr="10.0.0.3:10911", broker_id=1
    )
    found = {
        (sample.metric.name, *sample.labels): sample.value
        for sample in NamesrvFigures(server.routes).samples()
    }
    server.stop()
    assert found["twistedmq_namesrv_brokers", "c", "broker-a"] == 1
    assert found["twistedmq_namesrv_brokers", "c", "b"] == 2
    assert found[("twistedmq_namesrv_topics",)] == 3
    assert found[("twistedmq_namesrv_routes",)] == 5
    assert found[("twistedmq_namesrv_route_revision",)] == server.routes.revision > 0
