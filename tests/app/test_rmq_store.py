import io
import json
from pathlib import Path
from typing import Any

import pytest
from offline_kit import NOW_MS, told
from processes import python
from source_tree import PROJECT
from store_vectors import unpack

from twistedmq.app.rmq import make_parser
from twistedmq.app.rmq_store import run
from twistedmq.testing.batches import batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.stores import open_store


class Outcome:
    """What a run has printed, and its exit status."""

    def __init__(self, directory: Path, action: str, *arguments: str) -> None:
        line = ["store", action, str(directory), *arguments]
        out, error = io.StringIO(), io.StringIO()
        self.status = run(make_parser().parse_args(line), out, error)
        self.out = out.getvalue()
        self.error = error.getvalue()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Give the directory of a store that was stopped in order."""
    clock = [NOW_MS]
    root = tmp_path / "store"
    opened = open_store(root, segment_bytes=4096, wall_ms=lambda: clock[0])
    for n in range(60):
        clock[0] += 400
        opened.append(batch_of([told(n)]))
    value_of(opened.stop())
    config = root / "config"
    config.mkdir()
    offsets = {"offsetTable": {"Orders@billing": {"0": 3, "1": 30}, "Gone@b": {"0": 1}}}
    (config / "consumerOffset.json").write_text(json.dumps(offsets))
    return root


def test_ls(store: Path) -> None:
    done = Outcome(store, "ls")
    assert done.status == 0
    head, first, *_ = done.out.splitlines()
    assert head.split()[:6] == ["TOPIC", "QUEUE", "KIND", "MIN", "MAX", "MESSAGES"]
    assert first.split()[:6] == ["Orders", "0", "plain", "0", "20", "20"]
    [row, *_] = Outcome(store, "ls", "--json").objects
    assert (row["type"], row["messages"], row["first_ms"]) == (
        "queue",
        20,
        NOW_MS + 400,
    )


def test_stat(store: Path) -> None:
    assert "written by        TwistedMQ" in Outcome(store, "stat").out
    [shown] = Outcome(store, "stat", "--json").objects
    assert shown["type"] == "store"
    assert len(shown["segments"]) == 3


def test_cat(store: Path) -> None:
    one = ("--topic", "Orders", "--queue", "1", "--from", "2", "--count", "1")
    done = Outcome(store, "cat", *one)
    assert done.out.count("\n") == 1
    assert "Orders/1@2" in done.out
    assert "[t2] #k7 #all body of 7" in done.out
    [shown] = Outcome(store, "cat", *one, "--json").objects
    assert (shown["type"], shown["body"]) == ("message", "body of 7" * 4)
    assert len(Outcome(store, "cat", "--physical", "1:500", "--json").objects) == 3
    assert len(Outcome(store, "cat", "--since", str(NOW_MS + 20_000)).out) > 100
    assert Outcome(store, "cat", "--until", str(NOW_MS)).out == ""


def test_grep(store: Path) -> None:
    done = Outcome(store, "grep", "--topic", "Orders", "--key", "k7")
    assert "Orders/1@2" in done.out
    assert done.error == "rmq: searched by the index\n"
    done = Outcome(store, "grep", "--body", "of 4[0-4]", "--tag", "t1", "--json")
    assert [shown["keys"][0] for shown in done.objects] == ["k41"]
    assert done.error == "rmq: searched by reading the log\n"
    assert len(Outcome(store, "grep", "--property", "TAGS=t1").out.splitlines()) == 12


def test_as_of(store: Path) -> None:
    at = str(NOW_MS + 400 * 31)
    done = Outcome(store, "as-of", at, "--json").objects
    assert done[0] == {
        "type": "queue_at",
        "topic": "Orders",
        "queue": 0,
        "offset": 10,
        "time_ms": int(at),
    }
    lags = [shown for shown in done if shown["type"] == "lag"]
    assert [(lag["queue"], lag["committed"], lag["lag"]) for lag in lags] == [
        (0, 3, 7),
        (1, 30, 0),
    ]
    text = Outcome(store, "as-of", at).out
    assert "billing  Orders      0          3    7" in text


def test_verify_says_whole_or_what_is_wrong(store: Path) -> None:
    done = Outcome(store, "verify")
    assert (done.status, done.out.count("\n")) == (0, 1)
    assert done.out.endswith("60 queue entries, 240 index items: no faults\n")
    path = store / "consumequeue" / "Orders" / "0" / f"{0:020d}"
    data = bytearray(path.read_bytes())
    data[45] ^= 1
    path.write_bytes(data)
    done = Outcome(store, "verify")
    assert done.status == 1
    assert done.out.startswith("fault  queue-entry  Orders/0 2  the entry of ")
    assert done.out.endswith("1 fault\n")
    fault, summary = Outcome(store, "verify", "--json").objects
    assert (fault["type"], fault["kind"], fault["offset"]) == (
        "fault",
        "queue-entry",
        2,
    )
    assert (summary["type"], summary["faults"]) == ("verified", 1)


def test_verify_says_that_a_broker_may_be_at_work(store: Path) -> None:
    assert Outcome(store, "verify").error == ""
    (store / "abort").write_text("1")
    assert "there is an abort file" in Outcome(store, "verify").error


def test_every_member_of_the_output_is_documented(tmp_path: Path) -> None:
    root, _ = unpack("torn", tmp_path)
    documented = (PROJECT / "docs" / "rmq-store.md").read_text("utf-8")
    for line in (
        "ls", "stat", "cat", "as-of 2030-01-01", "verify", "explain 0", "repair",
    ):  # fmt: skip
        action, *rest = line.split()
        for shown in Outcome(root, action, *rest, "--json").objects:
            for name in ("type", *shown):
                assert f"`{name}`" in documented, f"{name} of {action}"
            assert f"`{shown['type']}`" in documented


def test_repair_is_dry_until_it_is_told(tmp_path: Path) -> None:
    root, manifest = unpack("torn", tmp_path)
    before = {path: path.stat() for path in root.rglob("*")}
    done = Outcome(root, "repair")
    assert done.status == 0
    assert done.out.startswith("cut  ")
    assert done.out.endswith("nothing was changed; --yes does it\n")
    after = {path: path.stat() for path in root.rglob("*")}
    times = {path: (s.st_mtime_ns, s.st_size) for path, s in before.items()}
    assert {path: (s.st_mtime_ns, s.st_size) for path, s in after.items()} == times
    done = Outcome(root, "repair", "--yes", "--json")
    assert [shown["done"] for shown in done.objects] == [True, True, True]
    assert Outcome(root, "verify").status == 0
    assert Outcome(root, "repair").out == "nothing to mend\n"
    [shown] = Outcome(root, "stat", "--json").objects
    assert shown["max_offset"] == manifest["torn"]["physicalOffset"]


def test_repair_says_what_cannot_be_mended(store: Path) -> None:
    path = store / "commitlog" / f"{0:020d}"
    data = bytearray(path.read_bytes())
    data[90] ^= 1
    path.write_bytes(data)
    done = Outcome(store, "repair", "--yes")
    assert done.status == 1
    assert done.out.endswith("nothing of that can be mended from the log\n")
    assert path.read_bytes() == data


def test_repair_refuses_a_store_in_use(store: Path) -> None:
    opened = open_store(store, segment_bytes=4096)
    done = Outcome(store, "repair", "--yes")
    assert done.status == 1
    assert "a broker uses it" in done.error
    assert Outcome(store, "repair").status == 0
    value_of(opened.stop())


def test_explain(store: Path) -> None:
    [shown] = Outcome(store, "cat", "--count", "1", "--json").objects
    done = Outcome(store, "explain", shown["offset_message_id"])
    assert done.status == 0
    assert "body CRC:" in done.out
    assert "Orders/0@0" in done.out
    [record] = Outcome(store, "explain", "0", "--json").objects
    assert (record["type"], record["size"]) == ("record", shown["size"])
    done = Outcome(store, "explain", "5")
    assert (done.status, "not whole: " in done.out) == (1, True)
    done = Outcome(store, "explain", "99999999")
    assert done.status == 1
    assert "outside of the log" in done.error


def test_export(store: Path, tmp_path: Path) -> None:
    done = Outcome(store, "export")
    assert len(done.objects) == 60
    target = tmp_path / "out.jsonl"
    done = Outcome(store, "export", "--topic", "Orders", "--output", str(target))
    assert done.out == ""
    assert len(target.read_text().splitlines()) == 60
    assert Outcome(store, "export", "--queue", "2").out.count("\n") == 20


def test_wrong_usage_and_no_store_are_two(store: Path, tmp_path: Path) -> None:
    done = Outcome(store, "cat", "--from", "3")
    assert (done.status, done.error) == (
        2,
        "rmq: --from and --to need --topic and --queue\n",
    )
    done = Outcome(tmp_path / "none", "verify")
    assert done.status == 2
    assert "there is no commit log" in done.error
    (store / "dledger-n0").mkdir()
    done = Outcome(store, "ls")
    assert done.status == 2
    assert "DLedger" in done.error


def test_a_reader_who_has_seen_enough_is_no_failure(store: Path) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    options = make_parser().parse_args(["store", "ls", str(store)])
    assert run(options, Closed(), io.StringIO()) == 0


def test_a_disk_that_fails_is_one_line(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: object) -> Any:
        raise OSError(5, "Input/output error", "file")

    monkeypatch.setattr("twistedmq.app.rmq_store.MessageReader", failing)
    done = Outcome(store, "cat")
    assert done.status == 1
    assert done.error == "rmq: [Errno 5] Input/output error: 'file'\n"


def test_as_a_program_it_needs_no_reactor(store: Path) -> None:
    program = (
        "import sys\nfrom twistedmq.app.rmq import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as ended:\n"
        "    assert 'twisted.internet.reactor' not in sys.modules\n    raise\n"
    )
    done = python("-c", program, "store", "verify", str(store))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("no faults\n")
