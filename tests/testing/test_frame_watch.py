from dataclasses import dataclass

from twistedmq.protocol.codec import encode_command, encode_request
from twistedmq.protocol.command import ONE_WAY_FLAG, RESPONSE_FLAG, Command
from twistedmq.testing.frame_watch import LOST, Fate, Frame, FrameWatch, frames_of


@dataclass(eq=False)
class FakeEnd:
    host: str
    other: "FakeEnd"


def ends() -> tuple[FakeEnd, FakeEnd]:
    client = FakeEnd("client", None)  # type: ignore[arg-type]
    server = FakeEnd("server", client)
    client.other = server
    return client, server


class Seen:
    """Keeps what it is asked about; *fates* go by the code."""

    def __init__(self, **fates: Fate) -> None:
        self.frames: list[Frame] = []
        self.fates = {int(code[1:]): fate for code, fate in fates.items()}

    def __call__(self, frame: Frame) -> Fate:
        self.frames.append(frame)
        return self.fates.get(frame.code or 0, 0.0)


def request(code: int, opaque: int, flag: int = 0) -> bytes:
    return encode_request(code, opaque, None, b"body", flag=flag)


def response(opaque: int) -> bytes:
    return encode_command(Command(code=0, opaque=opaque, flag=RESPONSE_FLAG))


def test_a_response_is_known_by_what_was_asked() -> None:
    client, server = ends()
    seen = Seen()
    watch = FrameWatch(seen)
    watch(client, request(10, 1) + request(34, 2) + request(37, 3, ONE_WAY_FLAG))
    watch(server, response(2) + response(1) + response(3))
    assert [(f.sender, f.code, f.is_response) for f in seen.frames] == [
        ("client", 10, False),
        ("client", 34, False),
        ("client", 37, False),
        ("server", 34, True),
        ("server", 10, True),
        ("server", None, True),
    ]


def test_what_is_on_time_arrives_in_one_piece() -> None:
    client, _ = ends()
    data = request(10, 1) + request(34, 2)
    assert FrameWatch(Seen())(client, data) == [(0.0, data)]


def test_frames_are_lost_and_late_one_by_one() -> None:
    client, _ = ends()
    one, two, three = request(10, 1), request(11, 2), request(12, 3)
    watch = FrameWatch(Seen(c10=LOST, c11=2.0))
    assert watch(client, one + two + three) == [(2.0, two), (0.0, three)]
    assert watch(client, one) == [(0.0, b"")]


def test_what_is_no_frame_comes_whole() -> None:
    assert list(frames_of(b"GET / HTTP/1.1\r\n\r\n")) == [b"GET / HTTP/1.1\r\n\r\n"]
    assert list(frames_of(b"\0\0\0\x04abcd\0")) == [b"\0\0\0\x04abcd", b"\0"]
    assert list(frames_of(b"")) == []
    client, _ = ends()
    seen = Seen()
    FrameWatch(seen)(client, b"\x16\x03\x01 hello")
    assert seen.frames == [Frame("client", "server", None, False)]
