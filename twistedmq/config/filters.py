"""What is kept of subscriptions by condition."""

from dataclasses import dataclass
from typing import Final

from twistedmq.config.keys import Key
from twistedmq.config.values import COUNT, whole_number


@dataclass(frozen=True)
class FilterDataConfig:
    """consumerFilter.json."""

    bloom_error_percent: int = 20
    bloom_expected_groups: int = 32
    kept_after_leaving_ms: int = 86_400_000


@dataclass(frozen=True)
class FilterLimits:
    """What a subscription by condition may cost."""

    most_characters: int = 16_384


FILTER_KEYS: Final = (
    Key(
        "maxExpressionCharacters",
        whole_number(1, 1_000_000),
        FilterLimits,
        "most_characters",
        "How long the condition of a subscription (SQL92) may be. Reading one of 16384 "
        "characters takes a tenth of a second, in which nobody else is served.",
        genuine=False,
    ),
    Key(
        "maxErrorRateOfBloomFilter",
        whole_number(1, 99),
        FilterDataConfig,
        "bloom_error_percent",
        "With expectConsumerNumUseFilter: which bits a group gets in "
        "consumerFilter.json; a genuine broker on the same files must have the same.",
        at_restart=True,
    ),
    Key(
        "expectConsumerNumUseFilter",
        COUNT,
        FilterDataConfig,
        "bloom_expected_groups",
        "How many groups are thought to subscribe to a topic by condition.",
        at_restart=True,
    ),
    Key(
        "filterDataCleanTimeSpan",
        COUNT,
        FilterDataConfig,
        "kept_after_leaving_ms",
        "How long consumerFilter.json keeps the condition of a group that left, ms.",
    ),
)
