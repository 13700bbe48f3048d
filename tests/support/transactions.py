"""A transactional producer over a bare socket, which decides by what a message says."""

import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from load import BUSY, SEND_V2, frame, read_frame
from processes import host_and_port

from twistedmq.protocol.record import decode_record

HEART_BEAT = 34
END_TRANSACTION = 37
CHECK_TRANSACTION_STATE = 39
UNKNOWN, COMMIT, ROLLBACK = 0, 8, 12


class Half(NamedTuple):
    """A half as it was acknowledged."""

    text: str
    physical_offset: int
    queue_offset: int


def by_word(text: str) -> int:
    """Decide by how a text begins: "commit 7", "rollback 8", anything else."""
    decisions = {"commit": COMMIT, "rollback": ROLLBACK}
    return decisions.get(text.split(maxsplit=1)[0], UNKNOWN)


class TransactionalProducer:
    """Begins and ends transactions, and answers when it is asked about them.

    ``asked`` holds the texts of the halves it was asked about, ``asked_in_vain`` those
    whose end the broker had acknowledged on this connection before it asked.
    """

    def __init__(
        self,
        address: str,
        decide: Callable[[str], int] = by_word,
        group: str = "TransactionGroup",
    ) -> None:
        self.asked: list[str] = []
        self.asked_in_vain: list[str] = []
        self._ends: dict[int, str] = {}
        self._ended: set[str] = set()
        self._group = group
        self._decide = decide
        self._opaque = 0
        self._answers: dict[int, dict] = {}
        self._grown = threading.Condition()
        self._socket = socket.create_connection(host_and_port(address), 10)
        self._socket.settimeout(60)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        clients = {
            "clientID": f"transactions@{id(self)}",
            "producerDataSet": [{"groupName": group}],
            "consumerDataSet": [],
        }
        self._wait([self._send(HEART_BEAT, {}, json.dumps(clients).encode())])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # the broker was quicker
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(10)
        self._socket.close()

    def begin(self, topic: str, texts: Sequence[str]) -> list[Half]:
        """Send halves, all at once; again those for which the broker has no time."""
        begun: dict[str, dict] = {}
        while open_ones := [text for text in texts if text not in begun]:
            opaques = [self._begin(topic, text) for text in open_ones]
            for text, answer in zip(open_ones, self._wait(opaques), strict=True):
                if answer["code"] != BUSY:
                    assert answer["code"] == 0, answer
                    begun[text] = answer["extFields"]
        return [
            Half(text, int(fields["msgId"][-16:], 16), int(fields["queueOffset"]))
            for text, fields in ((text, begun[text]) for text in texts)
        ]

    def end(self, halves: Sequence[Half], how: int | None = None) -> list[int]:
        """End transactions without waiting; gives what ``count_ended`` counts."""
        return [
            self._end(half, self._decide(half.text) if how is None else how)
            for half in halves
        ]

    def count_ended(self, opaques: Sequence[int], wanted: int) -> set[int]:
        """Wait until so many ends are answered; gives those that are by then."""
        with self._grown:
            enough = self._grown.wait_for(
                lambda: sum(o in self._answers for o in opaques) >= wanted, 30
            )
            assert enough, "ends are not answered"
            done = {o for o in opaques if o in self._answers}
        assert all(self._answers[o]["code"] == 0 for o in done)
        return done

    def wait_asked(self, texts: set[str], timeout_s: float = 30) -> None:
        """Return once it was asked about all of *texts*."""
        with self._grown:
            done = self._grown.wait_for(lambda: texts <= set(self.asked), timeout_s)
        assert done, f"not asked about {sorted(texts - set(self.asked))[:5]}"

    def wait_asked_about_only(self, texts: set[str], timeout_s: float = 60) -> None:
        """Return once a round of questions was about *texts* and no other half."""
        end = time.monotonic() + timeout_s
        self.wait_asked(texts, timeout_s)
        while True:
            with self._grown:
                self.asked.clear()
            self.wait_asked(texts, timeout_s)
            others = set(self.asked) - texts
            if not others:
                return
            assert time.monotonic() < end, f"still asked about {sorted(others)[:5]}"

    def _begin(self, topic: str, text: str) -> int:
        unique = f"{abs(hash((topic, text))):032X}"
        properties = {
            "TRAN_MSG": "true",
            "PGROUP": self._group,
            "UNIQ_KEY": unique,
            "KEYS": text.replace(" ", "-"),
            "TAGS": text.split(maxsplit=1)[0],
        }
        fields = {
            "a": self._group,
            "b": topic,
            "c": "TBW102",
            "d": "1",
            "e": "0",
            "f": "4",
            "g": str(int(time.time() * 1000)),
            "h": "0",
            "i": "".join(f"{k}\x01{v}\x02" for k, v in properties.items()),
            "j": "0",
            "k": "false",
            "l": "0",
            "m": "false",
        }
        return self._send(SEND_V2, fields, text.encode())

    def _end(self, half: Half, how: int, *, asked: bool = False) -> int:
        fields = {
            "producerGroup": self._group,
            "tranStateTableOffset": str(half.queue_offset),
            "commitLogOffset": str(half.physical_offset),
            "commitOrRollback": str(how),
            "fromTransactionCheck": str(asked).lower(),
            "msgId": "x",
            "transactionId": "x",
        }
        with self._grown:
            opaque = self._send(END_TRANSACTION, fields)
            if how != UNKNOWN:
                self._ends[opaque] = half.text
        return opaque

    def _send(self, code: int, fields: dict[str, str], body: bytes = b"") -> int:
        with self._grown:
            self._opaque += 1
            opaque = self._opaque
            self._socket.sendall(frame(code, opaque, fields, body))
        return opaque

    def _wait(self, opaques: Sequence[int]) -> list[dict]:
        with self._grown:
            done = self._grown.wait_for(
                lambda: all(o in self._answers for o in opaques), 30
            )
            assert done, "requests are not answered"
            return [self._answers[o] for o in opaques]

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as stream:
                while True:
                    header, body = read_frame(stream)
                    if header["flag"] & 1:
                        with self._grown:
                            self._note(header)
                            self._grown.notify_all()
                    elif header["code"] == CHECK_TRANSACTION_STATE:
                        self._answer(header["extFields"], body)
        except (OSError, EOFError):
            pass  # the broker is gone, or the test is over

    def _note(self, answer: dict) -> None:
        self._answers[answer["opaque"]] = answer
        text = self._ends.pop(answer["opaque"], None)
        if text is not None and answer["code"] == 0:
            self._ended.add(text)

    def _answer(self, fields: dict[str, str], body: bytes) -> None:
        text = decode_record(body).body.decode()
        if text in self._ended:
            self.asked_in_vain.append(text)
        half = Half(
            text, int(fields["commitLogOffset"]), int(fields["tranStateTableOffset"])
        )
        self._end(half, self._decide(text), asked=True)
        with self._grown:
            self.asked.append(text)
            self._grown.notify_all()
