"""Connections that break between real sockets, again and again."""

from pathlib import Path

import pytest
import pytest_twisted
from processes import OurBroker
from real_cluster import Traffic, reactor, wait
from tcp_proxy import OUTSIDE, Proxy
from twisted.internet.threads import deferToThread

from twistedmq.client.session import ClientSettings

pytestmark = pytest.mark.soak


@pytest_twisted.ensureDeferred
async def test_nothing_is_lost_when_connections_break(tmp_path: Path) -> None:
    told = {"brokerIP1": OUTSIDE, "dialBackEnable": "false"}
    server = OurBroker(tmp_path / "data", settings=told)
    await deferToThread(server.start)
    names, proxy = Proxy(reactor, server.namesrv_port), Proxy(reactor, server.port)
    traffic = Traffic(ClientSettings(nameservers=names.address), rate=200)
    try:
        await names.listen()
        await proxy.listen()
        await traffic.begin()
        for _ in range(3):
            proxy.cut()
            names.cut()
            await wait(0.3)
        await proxy.refuse()
        await wait(0.3)
        await proxy.listen()
        await traffic.flows()
        await traffic.settle()
    finally:
        await traffic.end()
        await proxy.close()
        await names.close()
        await deferToThread(server.stop)
    assert len(traffic.acked) > 100
    for group in traffic.groups:
        assert not group.wrong
        # each of four times, what was not committed yet: at this pace, everything
        assert group.again <= 4 * len(traffic.acked)
