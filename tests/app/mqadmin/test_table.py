"""The verbs are those of the genuine tool, but for those that are named."""

from typing import Any

import pytest
from wire_vectors import catalogue

from twistedmq.app.mqadmin import table
from twistedmq.app.mqadmin.verbs import Verb

GENUINE: dict[str, dict[str, Any]] = {
    command["name"]: command for command in catalogue("mqadmin")["commands"]
}
VERBS = {verb.name: verb for verb in table.every()}
MISSING = [name for names in table.NOT_THERE for name in names.split()]


def shape(verb: Verb) -> set[tuple[Any, ...]]:
    return {
        (o.short, o.long, o.required, o.kind is not None, o.short in verb.one_of)
        for o in verb.options
    }


def genuine_shape(command: dict[str, Any]) -> set[tuple[Any, ...]]:
    return {
        (o.get("short"), o["long"], o["required"], o["arg"], "oneOf" in o)
        for o in command["options"]
    }


def test_each_genuine_verb_is_there_or_missing_for_a_reason() -> None:
    assert sorted([*VERBS, *MISSING]) == sorted(GENUINE)
    assert all(table.NOT_THERE.values())


@pytest.mark.parametrize("name", VERBS)
def test_options_are_the_genuine_ones(name: str) -> None:
    assert shape(VERBS[name]) == genuine_shape(GENUINE[name])


def test_families_hold_what_the_index_says() -> None:
    for family, names in table.FAMILIES.items():
        assert [verb.name for verb in table._family(family)] == names.split()


def test_a_verb_is_found_by_its_name_and_alias_in_any_case() -> None:
    for name, verb in VERBS.items():
        for written in (name, name.upper(), GENUINE[name].get("alias", name)):
            assert table.find(written) is verb
    assert table.find("fly") is None


def test_why_a_verb_is_missing_is_told() -> None:
    assert table.why_not("addbroker") == "it is for a container of brokers"
    assert table.why_not("fly") is None
