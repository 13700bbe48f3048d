from collections.abc import Iterator

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_families,
)
from prometheus_client.parser import text_string_to_metric_families

from twistedmq.metrics.exposition import render
from twistedmq.metrics.registry import Family
from twistedmq.metrics.samples import Distribution, Sample, counter, gauge, histogram

IN = counter("rocketmq_messages_in_total", "Messages in", "topic")
LAG = gauge("rocketmq_lag", "Lag", "topic")
SIZE = histogram("rocketmq_message_size", "Sizes")


def families(*samples: Sample) -> Iterator[Family]:
    for sample in samples:
        labels = dict(zip(sample.metric.labels, sample.labels, strict=True))
        yield Family(sample.metric, [(labels | {"cluster": "c"}, sample)])


def text_of(*samples: Sample, accepted: str = "") -> str:
    return render(families(*samples), accepted)[0].decode()


def test_what_is_written_is_read_back_the_same() -> None:
    awkward = 'a "quoted"\\ name\nof ünusual letters'
    text = text_of(IN.of(7, awkward), LAG.of(0.5, "%RETRY%g"))
    read = {each.name: each for each in text_string_to_metric_families(text)}
    (sample,) = read["rocketmq_messages_in"].samples
    assert sample.name == "rocketmq_messages_in_total"
    assert sample.labels == {"topic": awkward, "cluster": "c"}
    assert sample.value == 7
    assert read["rocketmq_messages_in"].type == "counter"
    assert read["rocketmq_messages_in"].documentation == "Messages in"
    assert read["rocketmq_lag"].type == "gauge"
    assert read["rocketmq_lag"].samples[0].value == 0.5


def test_a_distribution_is_written_as_counts_up_to_each_bound() -> None:
    sizes = Distribution([1024, 4096])
    for size in (10, 1024, 2000, 99999):
        sizes.add(size)
    (read,) = text_string_to_metric_families(text_of(SIZE.of(sizes)))
    assert read.type == "histogram"
    upto = {s.labels["le"]: s.value for s in read.samples if s.name.endswith("bucket")}
    assert upto == {"1024.0": 2, "4096.0": 3, "+Inf": 4}
    others = {s.name: s.value for s in read.samples if not s.name.endswith("bucket")}
    assert others["rocketmq_message_size_count"] == 4
    assert others["rocketmq_message_size_sum"] == 10 + 1024 + 2000 + 99999


def test_who_accepts_open_metrics_is_given_that() -> None:
    accepted = "application/openmetrics-text; version=1.0.0"
    text, content_type = render(families(IN.of(7, "T")), accepted)
    assert content_type.startswith("application/openmetrics-text")
    (read,) = open_families(text.decode())
    assert read.samples[0].value == 7


def test_the_type_is_plain_text_otherwise() -> None:
    assert render(families(), "")[1].startswith("text/plain; version=0.0.4")
