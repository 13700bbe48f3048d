"""The keys of transactional messages."""

from typing import Final

from twistedmq.config.keys import Key
from twistedmq.config.transactions import TransactionConfig
from twistedmq.config.values import AMOUNT, BOOLEAN, COUNT, LONG_AMOUNT

TRANSACTION_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "rejectTransactionMessage",
        BOOLEAN,
        TransactionConfig,
        "rejected",
        "Refuse the halves of transactions.",
    ),
    Key(
        "transactionTimeOut",
        LONG_AMOUNT,
        TransactionConfig,
        "timeout_ms",
        "Age below which no producer is asked what became of a half, ms.",
        important=True,
    ),
    Key(
        "transactionCheckInterval",
        COUNT,
        TransactionConfig,
        "check_interval_ms",
        "Pause between two rounds of asking, ms.",
        important=True,
    ),
    Key(
        "transactionCheckMax",
        AMOUNT,
        TransactionConfig,
        "most_checks",
        "How often a producer is asked before a half is moved to "
        "TRANS_CHECK_MAX_TIME_TOPIC.",
        important=True,
    ),
    Key(
        "transactionOpBatchInterval",
        AMOUNT,
        TransactionConfig,
        "mark_interval_ms",
        "How long ends of transactions are collected before they are written, ms.",
    ),
    Key(
        "transactionOpMsgMaxSize",
        COUNT,
        TransactionConfig,
        "mark_max_bytes",
        "Size at which what is collected is written at once.",
    ),
    Key(
        "transactionMetricFlushInterval",
        COUNT,
        TransactionConfig,
        "counts_interval_ms",
        "How often the counts of open halves are written to disk, ms.",
    ),
)
