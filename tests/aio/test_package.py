import subprocess
import sys


def test_what_an_admin_needs_is_imported_when_it_is_asked_for() -> None:
    program = (
        "import sys\nfrom twistedmq import aio\n"
        "assert 'twistedmq.admin.client' not in sys.modules\n"
        "assert 'twisted.internet.reactor' not in sys.modules\n"
        "from twistedmq.aio import Admin\n"
        "assert aio.Admin is Admin\n"
        "try:\n    aio.Nobody\nexcept AttributeError:\n    pass\n"
        "else:\n    raise AssertionError"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
