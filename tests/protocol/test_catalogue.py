"""Numbers, headers and bodies against the catalogue of the protocol."""

from typing import Any, get_type_hints

import msgspec
import pytest
from msgspec.structs import fields as struct_fields
from wire_vectors import catalogue

from twistedmq.protocol import bodies, headers, names, properties, system_flags
from twistedmq.protocol.codes import (
    CURRENT_VERSION,
    LanguageCode,
    RequestCode,
    ResponseCode,
)
from twistedmq.protocol.numbers import Int32, Int64

HEADERS = {entry["name"]: entry for entry in catalogue("headers")["headers"]}
BODIES = {entry["name"]: entry for entry in catalogue("bodies")["bodies"]}
CODES = catalogue("request_codes")["codes"]

OUR_HEADERS = sorted(name for name in headers.__all__ if name in HEADERS)
OUR_BODIES = sorted(set(bodies.__all__) - {"MessageQueueForC"})
NUMBERS = {"int": Int32, "Integer": Int32, "long": Int64, "Long": Int64}


def wire_names(cls: Any) -> dict[str, Any]:
    return {field.encode_name: field for field in struct_fields(cls)}


def wire_fields(entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in entry["fields"]}


def test_every_request_code_has_its_number() -> None:
    assert {e["name"]: e["code"] for e in CODES} == {
        c.name: c.value for c in RequestCode
    }


def test_every_response_code_has_its_number() -> None:
    theirs = {e["name"]: e["code"] for e in catalogue("response_codes")["codes"]}
    assert theirs == {c.name: c.value for c in ResponseCode}


def test_languages_and_version() -> None:
    constants = catalogue("constants")
    assert constants["language_codes"] == {c.name: c.value for c in LanguageCode}
    assert constants["mq_versions"]["current"] == CURRENT_VERSION


def test_every_typed_header_is_in_the_catalogue() -> None:
    ours = {n for n in headers.__all__ if n.endswith(("Header", "V2"))}
    assert ours - set(HEADERS) <= {"Header", "RpcHeader", "TopicHeader"}


@pytest.mark.parametrize("name", OUR_HEADERS)
def test_a_header_has_the_fields_of_the_genuine_one(name: str) -> None:
    entry = HEADERS[name]
    ours, theirs = wire_names(getattr(headers, name)), wire_fields(entry)
    inherited = set(entry.get("inherited") or ())
    assert set(theirs) <= set(ours)
    assert set(ours) <= set(theirs) | inherited
    assert inherited <= set(ours)


@pytest.mark.parametrize("name", OUR_HEADERS)
def test_a_header_needs_what_the_genuine_one_needs(name: str) -> None:
    """A primitive may have a default: the genuine reader then leaves it 0 or false."""
    forgiven = {
        ("CreateTopicRequestHeader", "order"),
        # Older brokers and tools ask for the whole table, without fields.
        ("GetAllTopicConfigRequestHeader", "topicSeq"),
        ("GetAllSubscriptionGroupRequestHeader", "groupSeq"),
    }
    ours = wire_names(getattr(headers, name))
    for wire_name, field in wire_fields(HEADERS[name]).items():
        primitive = field["type"] in {"boolean", "int", "long"}
        if (
            field.get("required")
            and not primitive
            and (name, wire_name) not in forgiven
        ):
            assert ours[wire_name].required, wire_name


@pytest.mark.parametrize("name", OUR_HEADERS)
def test_a_header_has_numbers_of_the_right_width(name: str) -> None:
    cls = getattr(headers, name)
    hints, ours = get_type_hints(cls, include_extras=True), wire_names(cls)
    for wire_name, field in wire_fields(HEADERS[name]).items():
        wanted = NUMBERS.get(field["type"])
        if wanted is not None:
            assert hints[ours[wire_name].name] in (wanted, wanted | None), wire_name


def test_each_code_has_the_header_of_the_catalogue() -> None:
    for entry in CODES:
        cls = headers.REQUEST_HEADERS.get(entry["code"])
        if cls is not None:
            assert cls.__name__ == entry["requestHeader"]
        cls = headers.RESPONSE_HEADERS.get(entry["code"])
        if cls is not None:
            assert cls.__name__ == entry["responseHeader"]


def test_every_body_is_in_the_catalogue() -> None:
    assert set(bodies.__all__) <= set(BODIES)


@pytest.mark.parametrize("name", OUR_BODIES)
def test_a_body_has_the_fields_of_the_genuine_one(name: str) -> None:
    cls, entry = getattr(bodies, name), BODIES[name]
    if entry["kind"] == "enum":
        assert [member.value for member in cls] == entry["values"]
        return
    assert set(wire_names(cls)) == {field["name"] for field in entry["fields"]}


@pytest.mark.parametrize("name", OUR_BODIES)
def test_a_body_has_the_defaults_of_the_genuine_one(name: str) -> None:
    cls, entry = getattr(bodies, name), BODIES[name]
    if entry["kind"] == "enum":
        return
    ours = msgspec.to_builtins(cls(), str_keys=False)
    for field in entry["fields"]:
        if "default" in field:
            default = ours[field["name"]]
            text = str(default).lower() if isinstance(default, bool) else str(default)
            assert text == field["default"], field["name"]


def test_every_property_name_is_known() -> None:
    theirs = {
        entry["wire"]
        for name, entry in catalogue("constants")["message_properties"].items()
        if name.startswith("PROPERTY_") and "TRANSIENT" not in name
    }
    later = {"TIMER_ROLL_LABEL"}  # only the RocksDB time line has it
    assert theirs - later <= properties.SYSTEM_NAMES


def test_flag_bits() -> None:
    constants = catalogue("constants")
    bits = constants["message_sys_flag"]
    assert bits["COMPRESSED_FLAG"] == system_flags.COMPRESSED
    assert bits["TRANSACTION_ROLLBACK_TYPE"] == system_flags.TRANSACTION_ROLLBACK
    assert bits["BORNHOST_V6_FLAG"] == system_flags.BORN_HOST_V6
    assert bits["STOREHOSTADDRESS_V6_FLAG"] == system_flags.STORE_HOST_V6
    assert bits["INNER_BATCH_FLAG"] == system_flags.INNER_BATCH
    assert bits["COMPRESSION_TYPE_COMPARATOR"] == system_flags.COMPRESSION_MASK
    pull = constants["pull_sys_flag"]
    assert pull["FLAG_LITE_PULL_MESSAGE"] == system_flags.PULL_LITE
    assert pull["FLAG_SUBSCRIPTION"] == system_flags.PULL_SUBSCRIPTION


def test_system_topics_and_groups() -> None:
    constants = catalogue("constants")
    topics = {
        value
        for name, value in constants["topics"].items()
        if name.startswith(("RMQ_SYS_", "AUTO_CREATE")) and isinstance(value, str)
    }
    assert topics <= names.SYSTEM_TOPICS
    groups = {
        value
        for name, value in constants["other_names"].items()
        if name.endswith("_GROUP") and not name.startswith("WS_")
    }
    assert groups <= names.PREDEFINED_GROUPS
    assert constants["topics"]["TOPIC_MAX_LENGTH"] == names.TOPIC_MAX_CHARACTERS
    assert constants["topics"]["GROUP_MAX_LENGTH"] == names.GROUP_MAX_CHARACTERS
