"""From families of figures to the text that Prometheus reads."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from prometheus_client.core import Metric as Written
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample as WrittenSample
from prometheus_client.utils import floatToGoString

from twistedmq.metrics.registry import Family
from twistedmq.metrics.samples import COUNTER, Distribution


def render(families: Iterable[Family], accepted: str) -> tuple[bytes, str]:
    """Give the text, and its content type, as the asking program *accepted* it."""
    encode, content_type = cast(
        "tuple[Callable[[Any], bytes], str]", choose_encoder(accepted)
    )
    return encode(_Collected(families)), content_type


class _Collected(Collector):
    """Stands in for the library's registry: figures that are collected already."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Written]:
        """Give them one kind after the other."""
        return map(_written, self._families)


def _written(family: Family) -> Written:
    metric = family.metric
    name = metric.name
    if metric.kind == COUNTER:
        name = name.removesuffix("_total")  # the library puts it back
    written = Written(name, metric.meaning, metric.kind)
    for labels, sample in family.samples:
        if isinstance(sample.value, Distribution):
            written.samples.extend(_buckets(metric.name, labels, sample.value))
        else:
            written.add_sample(metric.name, labels, float(sample.value))
    return written


def _buckets(
    name: str, labels: dict[str, str], values: Distribution
) -> Iterator[WrittenSample]:
    """Give a distribution as Prometheus wants it: how many are up to each bound."""
    seen = 0
    for bound, count in zip((*values.bounds, float("inf")), values.counts, strict=True):
        seen += count
        upto = labels | {"le": floatToGoString(bound)}
        yield WrittenSample(f"{name}_bucket", upto, float(seen))
    yield WrittenSample(f"{name}_sum", labels, float(values.total))
    yield WrittenSample(f"{name}_count", labels, float(seen))
