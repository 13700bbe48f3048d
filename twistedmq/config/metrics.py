"""The page of figures."""

from dataclasses import dataclass

PROMETHEUS = "PROM"


@dataclass(frozen=True)
class MetricsConfig:
    """Whether there is a page of figures, where, and what is on it."""

    exporter: str = "DISABLE"
    """PROM: there is a page for Prometheus."""
    host: str = ""
    """Where its port listens; empty is the host of the main port."""
    port: int = 5557
    labels: tuple[tuple[str, str], ...] = ()
    """Put on each figure."""
    most_of_a_kind: int = 50_000
    """More figures of one name are left out."""
    stats: bool = True
    requests: bool = True
    connections: bool = True
    lag: bool = True
    remoting: bool = True
    store: bool = True
    pop_figures: bool = True
    transactions: bool = True
