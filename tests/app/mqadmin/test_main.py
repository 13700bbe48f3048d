import json
from typing import Any

import pytest
from admin_kit import AdminCluster, mqadmin
from client_kit import held
from processes import python

from twistedmq.app.mqadmin import main, parsing, table
from twistedmq.protocol.codes import RequestCode, ResponseCode


def ended_with(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main.main(words)
    return ended.value.code


@pytest.mark.parametrize("words", [(), ("help",), ("-h",), ("--help",)])
def test_the_verbs_are_listed(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended_with(*words) == 0
    assert "   topicRoute  " in capsys.readouterr().out


def test_the_options_of_a_verb_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended_with("help", "updateTopic") == 0
    assert "--readQueueNums" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("verb", "problem"),
    [
        ("fly", "mqadmin: there is no verb 'fly'; mqadmin help lists them\n"),
        ("electMaster", "mqadmin: electMaster is not there: it is for clusters with"),
    ],
)
def test_an_unknown_verb_is_wrong_usage(
    verb: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended_with(verb, "-b", "x:1") == 1
    assert capsys.readouterr().err.startswith(problem)


def test_programs_are_told_of_an_unknown_verb_as_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended_with("fly", "--json") == 1
    assert json.loads(capsys.readouterr().err)["status"] == 1


def test_an_unknown_shell_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended_with("--completion", "fish") == 1
    assert "invalid choice: 'fish'" in capsys.readouterr().err


def test_a_verb_runs_in_the_reactor(
    cluster: AdminCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []

    def run(start: Any) -> None:
        started.append(start)
        raise SystemExit(0)

    monkeypatch.setattr(main, "run_in_reactor", run)
    assert ended_with("topicList", "--json") == 0
    assert len(started) == 1


def test_refusals_are_one_line_and_status_three(cluster: AdminCluster) -> None:
    code = RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER
    cluster.refuse[code] = ResponseCode.SYSTEM_BUSY, "too\nmuch"
    said = mqadmin(cluster, "topicList")
    assert (said.status, said.out) == (3, "")
    assert said.err == ("mqadmin: the name server refused: SYSTEM_BUSY (2): too much\n")
    assert cluster.closed == 1


def test_a_verb_is_repeated_until_it_is_cancelled(
    cluster: AdminCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    verb = table.find("clusterList")
    assert verb is not None
    options = parsing.parse(verb, ["-i", "5", "-c", "DefaultCluster"])
    options.settings = cluster.settings()
    cluster.down.update(cluster.addresses.values())
    running = main.run_verb(cluster.clock, verb, options)
    ended = held(running)
    cluster.clock.pump([5, 4.9])
    assert capsys.readouterr().out.count("#Cluster Name") == 2
    running.cancel()
    assert ended
    assert cluster.closed == 1


def test_as_a_program_it_says_what_is_wrong() -> None:
    done = python("-m", "twistedmq.app.mqadmin.main", "topicList", "-n", "127.0.0.1:1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mqadmin: no name server answers (127.0.0.1:1: ")
    assert done.stderr.count("\n") == 1


def test_a_text_that_names_no_name_server_is_wrong_usage(
    cluster: AdminCluster,
) -> None:
    said = mqadmin(cluster, "topicList -n bad")
    problem = "name server 'bad': address: 'bad' is not host:port"
    assert said == (1, "", f"mqadmin: {problem}\n")


def test_wrong_usage_needs_no_reactor() -> None:
    program = (
        "import sys\nfrom twistedmq.app.mqadmin.main import main\n"
        "try: main(['topicRoute'])\n"
        "except SystemExit as ended: assert ended.code == 1\n"
        "assert 'twisted.internet.reactor' not in sys.modules"
    )
    assert python("-c", program).returncode == 0


def test_a_call_waits_for_no_import_that_it_does_not_need() -> None:
    program = (
        "import sys\nfrom twistedmq.app.mqadmin.main import main\n"
        "try: main(['clusterList', '-n', '127.0.0.1:1'])\n"
        "except SystemExit as ended: assert ended.code == 2\n"
        "needless = {'OpenSSL', 'urllib.request', 'asyncio.base_events', 'ssl',\n"
        "    'hmac', 'ctypes', 'twistedmq.client.producer',\n"
        "    'twistedmq.store.interfaces'}\n"
        "assert not needless & {*sys.modules}, needless & {*sys.modules}"
    )
    done = python("-c", program)
    assert done.returncode == 0, done.stderr
