import sys
from typing import Any

import pytest
from client_kit import FakeCluster, consumed, held, received, result_of
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from twisted.internet.defer import Deferred, succeed

from twistedmq.client.errors import LibraryMissingError, ProducerFullError, RefusedError
from twistedmq.client.in_flight import InFlightLimits
from twistedmq.client.message import Message
from twistedmq.client.producer import Producer
from twistedmq.client.spans import Spans
from twistedmq.client.watching import Watch, WatchParts
from twistedmq.protocol import properties
from twistedmq.protocol.codes import RequestCode, ResponseCode

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Recorder:
    """Keeps what was exported."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.spans = Spans(self.provider)

    @property
    def ended(self) -> tuple[Any, ...]:
        return self._exporter.get_finished_spans()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def producer(cluster: FakeCluster, recorder: Recorder) -> Producer:
    cluster.create("T")
    producer = Producer("P", settings=cluster.settings(), watchers=[recorder.spans])
    return result_of(producer.start())


@pytest.fixture
def watch(recorder: Recorder) -> Watch:
    nothing: Any = None
    return recorder.spans.open(WatchParts("C", False, nothing, lambda: "ID"))


def sent_properties(cluster: FakeCluster) -> list[dict[str, str]]:
    return [
        properties.parse(record.properties)
        for queue in cluster.records.values()
        for record in queue
    ]


def test_a_send_is_a_span_and_its_context_goes_along(
    cluster: FakeCluster, producer: Producer, recorder: Recorder
) -> None:
    message = Message("T", b"hello", tag="A", keys="k", sharding_key="s")
    receipt = result_of(producer.send(message))
    [span] = recorder.ended
    assert (span.name, span.kind) == ("send T", SpanKind.PRODUCER)
    found = dict(span.attributes)
    assert found["messaging.system"] == "rocketmq"
    assert found["messaging.message.id"] == receipt.message_id
    assert found["messaging.message.body.size"] == 5
    assert found["messaging.rocketmq.message.keys"] == ("k",)
    assert found["messaging.rocketmq.message.type"] == "fifo"
    queue_id = str(receipt.queue.queue_id)
    assert found["messaging.destination.partition.id"] == queue_id
    [stored] = sent_properties(cluster)
    _version, trace_id, span_id, _ = stored["traceparent"].split("-")
    assert (int(trace_id, 16), int(span_id, 16)) == (
        span.context.trace_id,
        span.context.span_id,
    )


def test_it_is_below_the_senders_own_span(
    producer: Producer, recorder: Recorder
) -> None:
    tracer = trace.get_tracer("test", tracer_provider=recorder.provider)
    with tracer.start_as_current_span("order") as order:
        result_of(producer.send(Message("T", b"x", delay_s=1)))
    span = next(each for each in recorder.ended if each.name == "send T")
    assert span.parent.span_id == order.get_span_context().span_id
    assert span.attributes["messaging.rocketmq.message.type"] == "delay"


def test_the_users_own_context_is_left_alone(
    cluster: FakeCluster, producer: Producer
) -> None:
    result_of(producer.send(Message("T", b"x", properties={"traceparent": PARENT})))
    assert sent_properties(cluster)[0]["traceparent"] == PARENT


def test_each_message_of_a_batch_is_a_span(
    cluster: FakeCluster, producer: Producer, recorder: Recorder
) -> None:
    result_of(producer.send_batch([Message("T", b"a"), Message("T", b"b")]))
    result_of(producer.send_one_way(Message("T", b"c")))
    assert [span.name for span in recorder.ended] == ["send T"] * 3
    parents = [stored["traceparent"] for stored in sent_properties(cluster)]
    assert len(set(parents)) == 3


def test_a_send_that_fails_says_so(
    cluster: FakeCluster, producer: Producer, recorder: Recorder
) -> None:
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = ResponseCode.MESSAGE_ILLEGAL, "no"
    with pytest.raises(RefusedError):
        result_of(producer.send(Message("T", b"x")))
    with pytest.raises(Exception, match="properties"):
        result_of(producer.send(Message("T", b"x", properties={"p": "v" * 40000})))
    refused, illegal = recorder.ended
    assert refused.status.status_code is StatusCode.ERROR
    assert refused.attributes["error.type"] == "RefusedError"
    assert refused.events[0].name == "exception"
    assert illegal.attributes["error.type"] == "MessageIllegalError"


def test_a_send_for_which_there_is_no_room_says_so(
    cluster: FakeCluster, recorder: Recorder
) -> None:
    cluster.create("T")
    producer = Producer(
        "P",
        settings=cluster.settings(),
        watchers=[recorder.spans],
        limits=InFlightLimits(max_messages=1, wait=False),
    )
    result_of(producer.start())
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = ResponseCode.SYSTEM_BUSY, "busy"
    held(producer.send(Message("T", b"x")))
    with pytest.raises(ProducerFullError):
        result_of(producer.send(Message("T", b"x")))
    [span] = recorder.ended
    assert span.attributes["error.type"] == "ProducerFullError"


def test_consuming_continues_the_senders_trace(
    watch: Watch, recorder: Recorder
) -> None:
    inner: list[Any] = []

    async def handler(message: Any) -> None:
        inner.append(trace.get_current_span().get_span_context())
        await succeed(None)
        inner.append(trace.get_current_span().get_span_context())

    message = received("x", properties={"traceparent": PARENT})
    result_of(consumed(handler, watch, message))
    [span] = recorder.ended
    assert (span.name, span.kind) == ("process T", SpanKind.CONSUMER)
    assert f"{span.context.trace_id:032x}" == PARENT.split("-")[1]
    assert f"{span.parent.span_id:016x}" == PARENT.split("-")[2]
    assert span.attributes["messaging.consumer.group.name"] == "C"
    assert [each.span_id for each in inner] == [span.context.span_id] * 2
    assert not trace.get_current_span().get_span_context().is_valid


def test_a_batch_is_linked_to_its_senders(watch: Watch, recorder: Recorder) -> None:
    marked = received("x", properties={"traceparent": PARENT})
    result_of(consumed(lambda _: None, watch, marked, received("y")))
    [span] = recorder.ended
    assert span.parent is None
    assert [f"{link.context.span_id:016x}" for link in span.links] == [
        PARENT.split("-")[2]
    ]
    assert span.attributes["messaging.batch.message_count"] == 2


def test_a_function_that_fails_is_an_error(watch: Watch, recorder: Recorder) -> None:
    working: Deferred[None] = Deferred()
    result = held(consumed(lambda _: working, watch, received("x")))
    assert not recorder.ended
    working.errback(ValueError("broken"))
    assert result[0].check(ValueError)
    [span] = recorder.ended
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "broken"


def test_without_the_library_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(LibraryMissingError, match=r"install twistedmq\[otel\]"):
        Spans()
