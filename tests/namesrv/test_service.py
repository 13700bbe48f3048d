import json
from pathlib import Path

import pytest
from namesrv_kit import NameServer, topics

from twistedmq.protocol.errors import FieldError

CATALOGUE = Path(__file__).resolve().parents[1] / "catalogue" / "request_codes.json"


def test_every_code_that_the_genuine_one_handles_is_handled() -> None:
    codes = json.loads(CATALOGUE.read_text())["codes"]
    wanted = {
        entry["code"]
        for entry in codes
        for handler in entry.get("handlers", [])
        if handler["server"] == "namesrv"
    }
    assert len(wanted) > 20
    assert wanted - NameServer().table.keys() == set()


def test_what_was_kept_and_cannot_be_read_refuses_the_start() -> None:
    server = NameServer()
    server.disk.data = b"{torn"
    with pytest.raises(FieldError):
        server.start()


def test_a_torn_file_is_replaced_by_its_backup() -> None:
    server = NameServer()
    server.disk.data = b"{torn"
    server.disk.backup = b'{"configTable":{"n":{"k":"v"}}}'
    assert server.start().service.values.get("n", "k") == "v"


def test_a_stopped_server_has_nothing_due() -> None:
    server = NameServer().start()
    server.register(*topics("t"))
    server.stop()
    assert server.clock.getDelayedCalls() == []
