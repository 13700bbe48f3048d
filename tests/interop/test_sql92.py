"""Conditions beside the genuine ones: the same is refused, answered, and kept."""

import json
import subprocess
import time
from pathlib import Path

import peer
from sql_corpus import corpus, genuine_answers, our_answer
from twisted.internet.task import Clock

from twistedmq.broker.filters.file import FilterFile
from twistedmq.broker.filters.table import ConsumerFilters
from twistedmq.config.filters import FilterDataConfig
from twistedmq.config.live import Live
from twistedmq.filter.bloom import BloomFilter
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.json_file import AtomicJsonFile

CASES = 2_500


def test_ours_answers_what_the_genuine_evaluator_answers() -> None:
    cases = corpus(CASES)
    genuine = genuine_answers(cases)
    different = [
        (case, theirs, ours)
        for case, theirs in zip(cases, genuine, strict=True)
        if theirs != (ours := our_answer(case))
    ]
    assert different == []
    letters = {letter for answers in genuine for letter in answers}
    assert letters == set("PTFNE")


def filters_program(home: Path, text: str, *arguments: str) -> str:
    done = subprocess.run(
        peer.java("Filters", *arguments, home=home),
        input=text,
        text=True,
        check=True,
        stdout=subprocess.PIPE,
        timeout=60,
    )
    return done.stdout


def test_groups_get_the_bits_that_a_genuine_broker_gives_them(tmp_path: Path) -> None:
    texts = [f"{'g' * length}{length}#\u00fc" for length in range(60)]
    ours = BloomFilter(7, 300)
    wanted = [f"{ours.bits} {ours.positions(text)}" for text in texts]
    told = filters_program(tmp_path, "\n".join(texts), "positions", "7", "300")
    assert told.splitlines() == wanted


def test_the_genuine_manager_takes_our_file_and_we_take_its(tmp_path: Path) -> None:
    path = tmp_path / "consumerFilter.json"
    path.write_text(filters_program(tmp_path, "", "make"))
    config = Live(FilterDataConfig(bloom_expected_groups=64))
    filters = ConsumerFilters(config, lambda: int(time.time() * 1000))
    file = FilterFile(Clock(), AtomicJsonFile(RealFiles(), path), filters)
    file.load()
    topic = filters.of_topic("orders")
    assert topic is not None
    assert sorted(topic.group_filter_data) == ["audit", "billing"]
    filters._tell(["orders"])
    file.startService()
    file.stopService()
    ours = path.read_text()
    theirs = filters_program(tmp_path, ours, "load")
    assert json.loads(theirs) == json.loads(ours)
