"""The scripts are run by a shell, as it does when a user asks for the next word."""

import shutil
import subprocess
import sys

import pytest

from twistedmq.app.completion import SHELLS
from twistedmq.app.mqadmin.main import main as mqadmin
from twistedmq.app.rmq import main as rmq

COMMANDS = {"mqadmin": mqadmin, "rmq": rmq}
bash = shutil.which("bash")


def script(command: str, shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        COMMANDS[command](["--completion", shell])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.skipif(bash is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("mqadmin topicR", "topicRoute"),
        ("mqadmin updateTopic --read", "--readQueueNums"),
        ("mqadmin exportConfigs --js", "--json"),
        ("rmq sen", "send"),
        ("rmq store ver", "verify"),
        ("rmq --completion z", "zsh"),
    ],
)
def test_bash_knows_the_next_word(
    words: str, completed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command, *_ = words.split()
    asked = f"COMP_WORDS=({words}); COMP_CWORD={len(words.split()) - 1}"
    lines = [
        script(command, "bash", capsys),
        asked,
        f"_shtab_{command}",
        'echo "${COMPREPLY[@]}"',
    ]
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [completed]


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for_each_shell(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "topicClusterList" in script("mqadmin", shell, capsys)


def test_what_is_missing_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(SystemExit) as ended:
        rmq(["--completion", "bash"])
    assert ended.value.code == 2
    assert "pip install 'twistedmq[completion]'" in capsys.readouterr().err
