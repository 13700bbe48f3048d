"""Recovery of 1 GiB without the vouching file, beside the genuine broker's."""

import shutil
from pathlib import Path

import peer
import pytest
from load import Sender
from processes import OurBroker

pytestmark = pytest.mark.soak

MIB = 1024
BODY = 1024


def crashed(data: Path) -> None:
    """Leave a store of 1 GiB as a crash leaves it, without what vouches for it."""
    with OurBroker(data, settings={"brokerName": "soak"}) as broker:
        sender = Sender(broker.address, "Recovery", size=BODY)
        sender.start()
        sender.wait_for(MIB * 1024 * 1024 // BODY, 900)
        broker.kill()
        sender.join()
    (data / "store" / "twistedmq.vouch").unlink()


def test_recovery_without_the_vouching_file(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "ours", tmp_path / "genuine"
    crashed(mine)
    shutil.copytree(mine, theirs)
    with OurBroker(mine, settings={"brokerName": "soak"}) as broker:
        ours_s = broker.seconds_to_ready
    with (
        peer.NameServer() as namesrv,
        peer.Broker(namesrv, name="soak", home=theirs, timeout=300) as genuine,
    ):
        genuine_s = genuine.seconds_to_ready
    print(f"start after a crash, 1 GiB: ours {ours_s:.1f} s, genuine {genuine_s:.1f} s")
    assert ours_s <= genuine_s
