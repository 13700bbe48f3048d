import subprocess
import sys

from source_tree import PACKAGE
from twisted.internet.task import Clock

from twistedmq.client.reactor import pick_reactor


def test_what_is_given_is_taken() -> None:
    clock = Clock()
    assert pick_reactor(clock) is clock


def test_no_module_of_the_client_imports_the_reactor() -> None:
    names = [
        f"twistedmq.client.{p.stem}" for p in (PACKAGE / "client").glob("[!_]*.py")
    ]
    program = (
        f"import sys, importlib\nfor n in {names}: importlib.import_module(n)\n"
        "assert 'twisted.internet.reactor' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_global_one_is_the_last_resort() -> None:
    program = (
        "from twistedmq.client.reactor import pick_reactor\n"
        "reactor = pick_reactor()\n"
        "from twisted.internet import reactor as installed\n"
        "assert reactor is installed"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_program_of_asyncio_is_told_what_to_use() -> None:
    program = (
        "import asyncio\n"
        "from twistedmq.client.errors import AsyncioRunsError\n"
        "from twistedmq.client.producer import Producer\n"
        "async def main():\n"
        "    try:\n        Producer()\n"
        "    except AsyncioRunsError as error:\n"
        "        assert 'twistedmq.aio' in str(error)\n"
        "    else:\n        raise AssertionError\n"
        "    from twisted.internet import asyncioreactor\n"
        "    asyncioreactor.install(asyncio.get_running_loop())\n"
        "    Producer()\n"
        "asyncio.run(main())"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
