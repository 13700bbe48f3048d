from processes import python


def test_it_is_the_program() -> None:
    begun = "from twistedmq.app.mqadmin.start import main; main()"
    done = python("-c", begun, "topicList", "-n", "127.0.0.1:1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mqadmin: no name server answers (127.0.0.1:1: ")


def test_nothing_is_collected_while_it_is_imported() -> None:
    begun = (
        "import gc, sys; gc.collect()\n"
        "def full(): return gc.get_stats()[2]['collections']\n"
        "before = full()\n"
        "from twistedmq.app.mqadmin.start import main\n"
        "try: main()\n"
        "except SystemExit as ended: assert ended.code == 0\n"
        "assert full() == before and gc.isenabled()"
    )
    done = python("-c", begun, "help")
    assert done.returncode == 0, done.stderr
