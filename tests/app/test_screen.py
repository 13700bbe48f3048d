import os
from io import StringIO

from twistedmq.app.screen import Line, Screen, Style


def drawn(screen: Screen, out: StringIO, *lines: Line) -> str:
    out.seek(0)
    out.truncate()
    screen.draw(lines)
    return out.getvalue()


def make(columns: int = 10, height: int = 3) -> tuple[Screen, StringIO]:
    out = StringIO()
    return Screen(out, lambda: os.terminal_size((columns, height))), out


def test_a_picture_takes_the_place_of_the_one_before() -> None:
    screen, out = make()
    first = drawn(screen, out, Line("one"), Line("two"))
    assert first == "\x1b[?1049h\x1b[?25l\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J"
    assert drawn(screen, out, Line("three")) == "\x1b[Hthree\x1b[K\x1b[J"


def test_the_terminal_is_given_back() -> None:
    screen, out = make()
    drawn(screen, out, Line("one"))
    screen.close()
    screen.close()
    assert out.getvalue().endswith("\x1b[?25h\x1b[?1049l")
    assert out.getvalue().count("\x1b[?1049l") == 1


def test_where_nothing_was_drawn_nothing_is_given_back() -> None:
    screen, out = make()
    screen.close()
    assert out.getvalue() == ""


def test_what_is_too_much_is_cut() -> None:
    screen, out = make(columns=4, height=2)
    picture = drawn(screen, out, Line("12345"), Line("12"), Line("gone"))
    assert picture.endswith("\x1b[H1234\r\n12\x1b[K")


def test_lines_are_set_off() -> None:
    screen, out = make()
    picture = drawn(screen, out, Line("a", Style.HEAD), Line("b", Style.BAD))
    assert "\x1b[1ma\x1b[0m\x1b[K\r\n\x1b[1;31mb\x1b[0m\x1b[K" in picture
