"""The keys of the page of figures (/metrics)."""

from collections.abc import Callable
from typing import Any, Final

from twistedmq.config.keys import Key
from twistedmq.config.metrics import PROMETHEUS, MetricsConfig
from twistedmq.config.values import BOOLEAN, COUNT, NAME, PORT, Kind, name_of


def _parse_labels(text: str) -> tuple[tuple[str, str], ...]:
    labels = []
    for part in text.split(","):
        if part.strip():
            name, colon, value = part.strip().partition(":")
            plain = name.replace("_", "a")
            if not (colon and plain.isascii() and plain.isidentifier()):
                raise ValueError(text)
            labels.append((name, value))
    return tuple(labels)


def _format_labels(labels: tuple[tuple[str, str], ...]) -> str:
    return ",".join(f"{name}:{value}" for name, value in labels)


LABELS: Kind[tuple[tuple[str, str], ...]] = Kind(
    "NAME:VALUE, separated by ','", _parse_labels, _format_labels
)


def metrics_keys(*, genuine: bool) -> tuple[Key, ...]:
    """Give the keys that every server has; *genuine* where upstream's has them too."""
    return (
        Key(
            "metricsExporterType",
            name_of("DISABLE", "OTLP_GRPC", PROMETHEUS, "LOG"),
            MetricsConfig,
            "exporter",
            "PROM: figures for Prometheus are at http://HOST:PORT/metrics. The other "
            "two exporters are not built; `twist rmq` has PROM by default.",
            genuine=genuine,
            at_restart=True,
        ),
        Key(
            "metricsPromExporterHost",
            NAME,
            MetricsConfig,
            "host",
            "Where the port of /metrics listens; empty is the host of the main port.",
            genuine=genuine,
            at_restart=True,
        ),
        Key(
            "metricsPromExporterPort",
            PORT,
            MetricsConfig,
            "port",
            "Port of /metrics; may be that of the list of name servers (nsaddrPort) "
            "where both are in one process.",
            genuine=genuine,
            at_restart=True,
        ),
        Key(
            "metricsLabel",
            LABELS,
            MetricsConfig,
            "labels",
            "Labels that are put on each figure.",
            genuine=genuine,
        ),
        Key(
            "metricsOtelCardinalityLimit",
            COUNT,
            MetricsConfig,
            "most_of_a_kind",
            "How many figures of one name there are at most; more are left out.",
            genuine=genuine,
        ),
    )


BROKER_METRICS_KEYS: Final = (
    *metrics_keys(genuine=True),
    *(
        Key(name, BOOLEAN, MetricsConfig, field, f"Show figures about {what}.")
        for name, field, what in (
            ("enableStatsMetrics", "stats", "the broker: topics, groups, permission"),
            ("enableRequestMetrics", "requests", "messages in and out"),
            ("enableConnectionMetrics", "connections", "connected clients"),
            ("enableLagAndDlqMetrics", "lag", "the lag of consumer groups"),
            ("enableRemotingMetrics", "remoting", "requests and how long they take"),
            ("enableMessageStoreMetrics", "store", "the store and timers"),
            ("enablePopMetrics", "pop_figures", "pop"),
            ("enableTransactionMetrics", "transactions", "transactions"),
        )
    ),
)


def check_exporter(value: Callable[[str], Any]) -> str | None:
    """Refuse exporters that would be waited for in vain."""
    exporter = value("metricsExporterType")
    if exporter not in ("DISABLE", PROMETHEUS):
        return f"metricsExporterType={exporter}: only DISABLE and PROM are built"
    return None
