"""The genuine mqadmin says the same of our broker as of a genuine one, and our mqadmin
says the same as the genuine one.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import peer
import pytest
from mqadmin import Admin, Said
from mqadmin_calls import CALLS, LEFT_OUT
from our_mqadmin import OurSaid, OurTool
from processes import OurBroker
from wire_vectors import catalogue

TRACED = {"traceTopicEnable": "true"}
TOPICS = [
    {"topicName": "Tlist1", "readQueueNums": 2, "writeQueueNums": 2, "perm": 6},
    {"topicName": "Tlist2"},
]
GROUPS = [{"groupName": "Glist1", "retryMaxTimes": 3}, {"groupName": "Glist2"}]

PATIENCE_S = 60
"""A consumer tells how far it is after 10 s for the first time."""
THERE: dict[str, Callable[[str], object]] = {
    "consumerConnection": re.compile(r"\bTone\b").search,
    "queryMsgByOffset": re.compile("trackType=CONSUMED").search,
    "brokerConsumeStats": re.compile(r"\bDiff Total: 0\b").search,
    "queryMsgTraceById": re.compile(r"^Pub\b", re.M).search,
}
AGAIN_S = 5
LOST = {"queryMsgTraceById": "sendMessage -t Ttraced -p seen -m true"}
"""What is done again where the answer to a call does not come: the genuine producer
sends a trace by the way, and may close before it is sent.
"""
MASKS = [
    (r"\n(\s+at |\s+\.\.\. \d+ more).*", ""),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"\d{4}-\d\d-\d\d[ #T]\d\d:\d\d:\d\d[,:.]?\d*", "TIME"),
    (r"\b[0-9.]+@\d+#\d+(#\d+)?", "CLIENT"),
    (r"\b\d+#\d+\b", "CLIENT"),
    (r"(?<![.\w])([12]\d{13}(\d{3})?|1[6-9]\d{11})\b", "TIME"),
    (r"\b[0-9A-F]{32,}\b", "ID"),
    (r"(@|\$\$Lambda\$?)[0-9a-fx/@]+", "OBJECT"),
    (r"\brt=\d+ms", "rt=MS"),
    (r"\bspentTimeMills=\d+", "spentTimeMills=MS"),
    (r"/tmp/[\w./-]+/(\w+)\b", r"FOLDER/\1"),
    (r",(?=\n|$)", ""),
    (r" +", " "),
]
"""Times, ids, addresses, commas between lines that are compared in any order, and the
blanks that fill up to a column.
"""
RATES = {
    "checkMsgSendRT": r"(true|RT:) +[\d.]+",
    "clusterList": r"[\d.]+\([^)]*\)|\b\d[\d.]*",
    "exportMetrics": r'(?<=Tps":)[\d.]+|(?<=(?:Ratio|eSize)":)"[\d.]+"',
    "consumerProgress": r"TPS: [\d.]+",
    "statsAll": r"\b\d+\.\d\d\b|\d+ \d+$",
    "consumerStatus": r"(?<=Tone) +[\d. ]+$",
    "haStatus": r"MaxOffset\s+\d+",
    "topicStatus": r"Topic Put TPS: [\d.]+",
    "sendMsgStatus": r"(?<=queueOffset=)\d+",
    "queryMsgTraceById": r"\b\d+ms",
    "exportMetadata": r'"counter":\d+',
}
"""Also how fast, how full, and how often changed."""
OF_CONSUMERS = {"consumerStatus", "consumerProgress", "brokerConsumeStats"}
"""When a consumer learns of its retry topic is chance."""
OF_THE_TOOL = re.compile(r"^TOOLS_CONSUMER |@STREAM\b|^producer group \(TIME\)")
"""So is how long a broker still knows clients that the tool itself was a moment ago;
its groups of producers are named by the time.
"""
NAMES_ONLY = {"brokerStatus"}
"""Of these tables only what is named is compared: all of it is figures."""
SETTINGS = {"getBrokerConfig", "getNamesrvConfig"}
"""Of these, all that the genuine one lists; ours has more."""
OF_THE_PLACE = {
    *("listenPort", "haListenPort", "namesrvAddr", "rocketmqHome"),
    *("storePathRootDir", "storePathCommitLog", "configStorePath", "kvConfigPath"),
    *("metricsExporterType", "metricsPromExporterPort", "bitMapLengthConsumeQueueExt"),
}
"""Settings that depend on where and how the two are started; the last is what a
genuine broker makes of others."""
DIFFERENT = {
    "updateTopic -b {b} -t Tone -r 1 -w 1 -a +message.type=NONSENSE": (
        "our refusal names the attribute and the value as well"
    ),
}
"""Calls whose tables differ on purpose."""


FIRST = {
    "updateTopicPerm -c DefaultCluster -t Tadm -p 4": (
        "updateTopicPerm -c DefaultCluster -t Tadm -p 6"
    ),
    "updateTopicPerm -b {b} -t Tlist2 -p 2": "updateTopicPerm -b {b} -t Tlist2 -p 6",
}
"""What our tool does first, to have done again what the genuine one has done."""
NOT_TWICE: set[str] = set()
"""Calls that cannot be made again."""
BETTER = {
    "updateTopic -b {b} -t Tord -r 2 -w 2 -o true": (
        "that there is no order yet is no failure"
    ),
    "allocateMQ -t Tlist1 -i 10.0.0.1,10.0.0.2": (
        "consumers sort queues; the genuine tool deals them out in the order of a hash"
    ),
    "clusterList -c nowhere": "a cluster that is not there is told",
    "setCommitLogReadAheadMode -b {b} -m 7": "wrong usage has a status",
    "exportPopRecord -b {b} -d true": "true means that it is dry, and false not",
    "exportPopRecord -c DefaultCluster -d false": "the same",
}
"""Calls of which our tool says something else on purpose, and why."""


class Target:
    """A name server and a broker, with both tools at work on them."""

    def __init__(self, namesrv: str, broker: str) -> None:
        self.namesrv = namesrv
        self.broker = broker
        self.said: list[tuple[str, Said]] = []
        self.our_tool_said: dict[str, tuple[Said, OurSaid]] = {}
        self._facts: dict[str, str] = {}

    def run(self) -> None:
        with Admin(self.namesrv) as tool, OurTool(self.namesrv) as our_tool:
            (tool.home / "topics.json").write_text(json.dumps(TOPICS))
            (tool.home / "groups.json").write_text(json.dumps(GROUPS))
            self._facts = {"ns": self.namesrv, "b": self.broker, "home": f"{tool.home}"}
            for call in CALLS:
                said = self._call(tool, call)
                self._facts = self._learnt(call, said.text) | self._facts
                self.said.append((call, said))
                self._call_ours(our_tool, call, said, tool.home / "export")

    def _call_ours(self, tool: OurTool, call: str, theirs: Said, folder: Path) -> None:
        line = self._filled(call.removeprefix("wait-for "))
        if call in NOT_TWICE or not OurTool.has(line):
            return
        if call in FIRST:
            tool(self._filled(FIRST[call]))
        said = tool(line)
        text = said.text + _exported(folder)
        self.our_tool_said[call] = theirs, said._replace(text=text)

    def _filled(self, call: str) -> str:
        return re.sub(r"\{([^}]+)\}", lambda m: self._facts[m[1]], call)

    def _call(self, tool: Admin, call: str) -> Said:
        if call.startswith("wait-for "):
            return self._wait(tool, call.removeprefix("wait-for "))
        said = tool(self._filled(call))
        return Said(said.status, said.text + _exported(tool.home / "export"))

    def _wait(self, tool: Admin, call: str) -> Said:
        verb = call.split(maxsplit=1)[0]
        now = time.monotonic()
        until, again = now + PATIENCE_S, now + AGAIN_S
        while not THERE[verb]((said := tool(self._filled(call))).text):
            now = time.monotonic()
            assert now < until, f"{call}: {said.text}"
            if verb in LOST and now > again:
                again = now + AGAIN_S
                self._facts |= self._learnt(LOST[verb], tool(LOST[verb]).text)
        return said

    @staticmethod
    def _learnt(call: str, text: str) -> dict[str, str]:
        """Give what later calls ask for."""
        topic = found[1] if (found := re.search(r"-t (\w+)", call)) else ""
        patterns = (
            (f"key:{topic}", r"SEND_OK +([0-9A-F]{32,})"),
            (f"id:{topic}", r"OffsetID: +([0-9A-F]{32})\b"),
            ("client", r"([0-9.]+@\d+#\d+)"),
        )
        found_in = ((what, re.search(pattern, text)) for what, pattern in patterns)
        return {what: match[1] for what, match in found_in if match}


def _exported(folder: Path) -> str:
    """Give what the tool wrote to files, and forget it."""
    written = sorted(folder.rglob("*.json")) if folder.exists() else []
    texts = [path.read_text() for path in written]
    for path in written:
        path.unlink()
    return "\n".join(texts)


@contextmanager
def genuine() -> Iterator[Target]:
    with (
        peer.NameServer() as name_server,
        peer.Broker(name_server, config={**peer.SCENARIO, **TRACED}) as broker,
    ):
        yield Target(name_server.address, broker.address)


@contextmanager
def ours(folder: Path) -> Iterator[Target]:
    config = folder / "broker.conf"  # changes are kept there
    config.write_text((peer.HERE / "scenario.conf").read_text())
    named = {"brokerName": "broker-a", **TRACED}
    with OurBroker(folder / "data", config=config, settings=named) as broker:
        yield Target(broker.namesrv, broker.address)


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Target, Target]:
    """What the tool said of the genuine ones, and of ours."""
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        mine = stack.enter_context(ours(tmp_path_factory.mktemp("ours")))
        mine_done = pool.submit(mine.run)
        theirs = stack.enter_context(genuine())
        theirs.run()
        mine_done.result()
    return theirs, mine


def shown(call: str, said: Said) -> list[str]:
    """Give what a call printed without what cannot be the same; in any order."""
    verb = call.removeprefix("wait-for ").split()[0]
    text = said.text
    for pattern, mask in MASKS:
        text = re.sub(pattern, mask, text)
    if verb in RATES:
        text = re.sub(RATES[verb], "RATE", text, flags=re.M)
    lines = [line for line in text.splitlines() if not OF_THE_TOOL.search(line)]
    if verb in OF_CONSUMERS:
        lines = [line for line in lines if not line.startswith("%RETRY%")]
    if verb in NAMES_ONLY:
        lines = [re.sub(r"\s*[:=].*", "", line) for line in lines]
    if verb in SETTINGS:
        lines = [line for line in lines if line.split(" =")[0] not in OF_THE_PLACE]
    return sorted(lines)


def test_the_tables_are_the_same(targets: tuple[Target, Target]) -> None:
    differences = []
    for (call, theirs), (_, mine) in zip(targets[0].said, targets[1].said, strict=True):
        wanted, got = shown(call, theirs), shown(call, mine)
        if call.split()[0] in NAMES_ONLY | SETTINGS:
            got = [line for line in got if line in wanted]
        is_same = (theirs.status, wanted) == (mine.status, got)
        if is_same == (call in DIFFERENT):
            differences.append(
                f"{call}: {theirs.status} {mine.status}\n"
                + "".join(f"- {line}\n" for line in wanted if line not in got)
                + "".join(f"+ {line}\n" for line in got if line not in wanted)
            )
    assert differences == [], "\n".join(differences)


@pytest.mark.parametrize("of", ["a genuine broker", "ours"])
def test_our_tool_says_what_the_genuine_one_says(
    targets: tuple[Target, Target], of: str
) -> None:
    differences = []
    for call, (theirs, ours) in targets[of == "ours"].our_tool_said.items():
        is_same = same(call, theirs, ours)
        if is_same == (call in BETTER):
            wanted, got = shown(call, theirs), shown(call, Said(ours.status, ours.text))
            differences.append(
                f"{call}: {theirs.status} {ours.status} {ours.error}\n"
                + "".join(f"- {line}\n" for line in wanted if line not in got)
                + "".join(f"+ {line}\n" for line in got if line not in wanted)
            )
    assert differences == [], "\n".join(differences)


def same(call: str, theirs: Said, ours: OurSaid) -> bool:
    """Whether both say the same; where the genuine one says a trace, ours is a line."""
    if theirs.status or "\n\tat " in theirs.text:
        return ours.status > 0 and ours.error.count("\n") == 1
    text = Said(ours.status, ours.text)
    return (theirs.status, shown(call, theirs)) == (ours.status, shown(call, text))


def test_every_verb_is_tried_or_left_out_for_a_reason() -> None:
    tried = {call.removeprefix("wait-for ").split()[0] for call in CALLS}
    left_out = {verb for verbs in LEFT_OUT for verb in verbs.split()}
    known = {command["name"] for command in catalogue("mqadmin")["commands"]}
    assert tried - {"@consume", "@produce", "help", "noSuchVerb"} == known - left_out
    assert left_out <= known
    assert not left_out & tried
