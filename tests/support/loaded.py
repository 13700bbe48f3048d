"""What an import brings along."""

import subprocess
import sys


def loaded_after(statement: str) -> set[str]:
    """Give the modules that a new interpreter has loaded after a statement."""
    program = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())
