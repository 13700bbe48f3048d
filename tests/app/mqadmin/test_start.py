from processes import python


def test_it_is_the_program() -> None:
    begun = "from twistedmq.app.mqadmin.start import main; main()"
    done = python("-c", begun, "topicList", "-n", "127.0.0.1:1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mqadmin: no name server answers (127.0.0.1:1: ")


def test_nothing_is_collected_while_the_program_is_imported() -> None:
    begun = (
        "import gc, sys\n"
        "from twistedmq.app.mqadmin.start import main\n"
        "class Watch:\n"
        "    seen = {}\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        self.seen[name] = gc.isenabled()\n"
        "sys.meta_path.insert(0, Watch())\n"
        "try: main()\n"
        "except SystemExit as ended: assert ended.code == 2\n"
        "imported = 'twistedmq.app.mqadmin.main', 'twisted.internet.reactor'\n"
        "assert {*imported} <= Watch.seen.keys(), Watch.seen.keys()\n"
        "assert not any(Watch.seen.values()), Watch.seen\n"
        "assert gc.isenabled()"
    )
    done = python("-c", begun, "topicList", "-n", "127.0.0.1:1")
    assert done.returncode == 0, done.stderr
