"""The unmodified Java client against our name server and broker."""

import peer
from processes import OurBroker

NAMES = """
send-sync send-async send-oneway send-batch send-auto-batch
send-compressed-zlib send-compressed-lz4 send-compressed-zstd
send-queue-selector-ordered send-to-queue send-auto-create-topic send-size-limit
send-refused
consume-concurrently consume-in-batches consume-rebalance consume-orderly
consume-broadcasting consume-tag-filter consume-long-poll consume-resume-after-restart
consume-from-where-young-topic
pull-consumer pull-block-until-found pull-async
lite-pull-assign lite-pull-subscribe lite-pull-seek lite-pull-pause
query-by-key query-by-id query-by-unique-key view-message search-offset-by-time
topic-route topic-create-delete kv-config cluster-info
header-binary tls
"""
SCENARIOS = NAMES.split()


def test_the_java_client_is_content(ours: OurBroker) -> None:
    lines: list[str] = []
    passed, failed = peer.scenarios(
        ours.namesrv, only=",".join(SCENARIOS), jobs=4, on_line=lines.append
    )
    print("\n".join(lines))
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert (passed, failed) == (len(SCENARIOS), 0)
