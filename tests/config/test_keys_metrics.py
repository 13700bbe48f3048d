import re

import pytest

from twistedmq.config.keys_metrics import LABELS, check_exporter


def test_labels_are_names_with_values() -> None:
    labels = LABELS.parse("site:a, rack:b:7,")
    assert labels == (("site", "a"), ("rack", "b:7"))
    assert LABELS.format(labels) == "site:a,rack:b:7"
    assert LABELS.parse("") == ()


@pytest.mark.parametrize("text", ["a", "1a:b", "a-b:c", ":c", "ü:c"])
def test_a_label_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        LABELS.parse(text)


@pytest.mark.parametrize(("exporter", "good"), [("PROM", True), ("LOG", False)])
def test_what_is_not_built_is_refused(exporter: str, good: bool) -> None:
    wrong = check_exporter(lambda _: exporter)
    assert (wrong is None) == good
