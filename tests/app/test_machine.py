from twistedmq.app.machine import Machine
from twistedmq.app.stores import wall_ms
from twistedmq.remoting.listening import listen
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.workers import ThreadWorkers


def test_a_machine_is_this_one_unless_told_otherwise() -> None:
    machine = Machine()
    assert (machine.wall_ms, machine.listen) == (wall_ms, listen)
    assert isinstance(machine.files, RealFiles)
    assert isinstance(machine.workers(None, 1, "test"), ThreadWorkers)
    assert machine.random() is not machine.random()
