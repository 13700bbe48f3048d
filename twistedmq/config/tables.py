"""The whole tables: what a broker and what a name server can be told."""

from functools import cache

from twistedmq.config.accepted_broker import BROKER_TABLE
from twistedmq.config.accepted_keys import NAMESRV_TABLE, accepted_keys
from twistedmq.config.accepted_store import STORE_TABLE
from twistedmq.config.filters import FILTER_KEYS
from twistedmq.config.keys import KeyTable
from twistedmq.config.keys_assignment import ASSIGNMENT_KEYS
from twistedmq.config.keys_broadcast import BROADCAST_KEYS
from twistedmq.config.keys_broker import (
    BROKER_LIMIT_KEYS,
    CONSUMING_KEYS,
    IDENTITY_KEYS,
    REGISTRATION_KEYS,
    SENDING_KEYS,
    TOPIC_KEYS,
    check_address_server,
)
from twistedmq.config.keys_delay import DELAY_KEYS
from twistedmq.config.keys_flow import FLOW_KEYS
from twistedmq.config.keys_metrics import (
    BROKER_METRICS_KEYS,
    check_exporter,
    metrics_keys,
)
from twistedmq.config.keys_namesrv import ADDRESS_LIST_KEYS, NAMESRV_OWN_KEYS
from twistedmq.config.keys_pop import POP_KEYS
from twistedmq.config.keys_queues import QUEUE_KEYS
from twistedmq.config.keys_replies import REPLY_KEYS
from twistedmq.config.keys_retention import RETENTION_KEYS
from twistedmq.config.keys_shared import (
    CLIENT_KEYS,
    LIMIT_KEYS,
    LOGGING_KEYS,
    TLS_KEYS,
    check_tls,
    listen_keys,
)
from twistedmq.config.keys_store import STORE_KEYS, check_log_folders, check_seals
from twistedmq.config.keys_timer import TIMER_KEYS
from twistedmq.config.keys_transactions import TRANSACTION_KEYS
from twistedmq.config.locks import LOCK_KEYS
from twistedmq.config.reachability import REACHABILITY_KEYS
from twistedmq.config.refused_keys import REFUSED_KEYS
from twistedmq.config.values import BROKER_PORTS

BROKER_PORT = 10911
NAMESRV_PORT = 9876


@cache
def broker_keys() -> KeyTable:
    """Give all keys of a broker."""
    return KeyTable(
        "broker",
        (
            *listen_keys(BROKER_PORT, BROKER_PORTS),
            *LIMIT_KEYS,
            *CLIENT_KEYS,
            *TLS_KEYS,
            *LOGGING_KEYS,
            *IDENTITY_KEYS,
            *REGISTRATION_KEYS,
            *REACHABILITY_KEYS,
            *TOPIC_KEYS,
            *SENDING_KEYS,
            *DELAY_KEYS,
            *CONSUMING_KEYS,
            *ASSIGNMENT_KEYS,
            *BROADCAST_KEYS,
            *REPLY_KEYS,
            *BROKER_LIMIT_KEYS,
            *BROKER_METRICS_KEYS,
            *FLOW_KEYS,
            *STORE_KEYS,
            *POP_KEYS,
            *QUEUE_KEYS,
            *LOCK_KEYS,
            *FILTER_KEYS,
            *RETENTION_KEYS,
            *TRANSACTION_KEYS,
            *TIMER_KEYS,
            *REFUSED_KEYS,
            *accepted_keys(BROKER_TABLE),
            *accepted_keys(STORE_TABLE),
        ),
        checks=[
            check_tls,
            check_address_server,
            check_log_folders,
            check_seals,
            check_exporter,
        ],
    )


@cache
def namesrv_keys() -> KeyTable:
    """Give all keys of a name server."""
    return KeyTable(
        "name server",
        (
            *listen_keys(NAMESRV_PORT),
            *LIMIT_KEYS,
            *TLS_KEYS,
            *LOGGING_KEYS,
            *NAMESRV_OWN_KEYS,
            *ADDRESS_LIST_KEYS,
            *metrics_keys(genuine=False),
            *accepted_keys(NAMESRV_TABLE),
        ),
        checks=[check_tls, check_exporter],
    )
