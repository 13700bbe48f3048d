"""The Python of the page on metrics does what it says."""

from typing import Any

from doc_examples import blocks_of

from twistedmq.metrics.samples import gauge


def test_a_figure_of_ones_own() -> None:
    [block] = blocks_of("docs/metrics.md")
    names: dict[str, Any] = {"gauge": gauge, "wheel": [1, 2]}
    exec(block, names)
    [sample] = names["samples"]()
    assert sample.value == 2
