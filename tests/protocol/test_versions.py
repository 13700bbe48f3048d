import json
from pathlib import Path

from twistedmq.protocol.versions import VERSION_NAMES, version_name

CATALOGUE = Path(__file__).resolve().parents[1] / "catalogue"


def test_the_names_have_the_genuine_numbers() -> None:
    constants = json.loads((CATALOGUE / "constants.json").read_text())
    known = constants["mq_versions"]["last_30_until_current"]
    assert known["V5_4_0"] == 493
    assert {name: VERSION_NAMES.index(name) for name in known} == known


def test_a_number_that_is_not_known_is_higher() -> None:
    assert version_name(10**6) == "HIGHER_VERSION"
    assert version_name(-1) == "V3_0_0_SNAPSHOT"
