from io import StringIO

from twistedmq.app.rmq_progress import Bar, Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_grows_and_goes() -> None:
    terminal = Terminal()
    with Progress(4, terminal) as progress:
        for _ in range(4):
            progress.step()
    drawn = terminal.getvalue().split("\r")
    assert drawn[1].endswith("]   0 % 0/4")
    assert drawn[3] == f"[{'#' * 20}{'.' * 20}]  50 % 2/4"
    assert drawn[-1] == "\x1b[K"
    assert progress.done == 4


def test_nothing_is_drawn_more_often_than_it_changes() -> None:
    terminal = Terminal()
    with Progress(1000, terminal) as progress:
        for _ in range(9):
            progress.step()
    assert terminal.getvalue().count("%") == 1


def test_nothing_is_drawn_where_nobody_looks() -> None:
    file = StringIO()
    with Progress(0, file) as progress:
        progress.step()
    assert file.getvalue() == ""


def test_a_bar_is_for_terminals() -> None:
    terminal, file = Terminal(), StringIO()
    bar = Bar(terminal, width=10)
    bar.tell(50, 100)
    bar.tell(50, 100)
    bar.tell(0, 0)
    bar.clear()
    bar.clear()
    drawn = "\r[#####.....]  50 %\r[##########] 100 %\r\x1b[K"
    assert terminal.getvalue() == drawn
    Bar(file).tell(1, 2)
    assert file.getvalue() == ""
